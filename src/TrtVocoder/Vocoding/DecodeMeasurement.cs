using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>One decode that monitors are told of at its end; the default one tells nobody.</summary>
internal readonly struct DecodeMeasurement(Activity? activity, DecoderInfo info, int batch, int frames)
{
    private readonly Activity? _activity = activity;
    private readonly DecoderInfo? _info = info;
    private readonly int _batch = batch;
    private readonly int _frames = frames;
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>The first samples of a decode part by part are there.</summary>
    public void AddFirstPart()
    {
        if (_info is not null)
            VocoderTelemetry.AddFirstPart(Stopwatch.GetElapsedTime(_start), _info);
    }

    /// <summary>The decode succeeded.</summary>
    /// <param name="samples">Samples of each item.</param>
    /// <param name="parts">Where its time went, if that was measured.</param>
    public void End(int samples, DecodeTimes? parts) => Tell(samples, parts, null);

    /// <summary>The decode failed.</summary>
    public void Fail(Exception error) => Tell(0, null, error);

    private void Tell(int samples, DecodeTimes? parts, Exception? error)
    {
        if (_info is null)
            return;
        try
        {
            VocoderTelemetry.EndDecode(_activity, Stopwatch.GetElapsedTime(_start), _info, _batch, _frames, samples, parts, error);
        }
        finally
        {
            _activity?.Dispose();
        }
    }
}
