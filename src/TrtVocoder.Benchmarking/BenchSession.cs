using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking;

/// <summary>A session that is warm for a workload, with the memory of its calls.</summary>
internal sealed class BenchSession : IDisposable
{
    private readonly VocoderSession _session;
    private readonly float[] _mel;
    private readonly float[] _audio;
    private readonly int _melCount;
    private readonly int _batch;

    /// <summary>Makes a session.</summary>
    /// <param name="model">The model.</param>
    /// <param name="workload">What it will decode.</param>
    /// <param name="mel">At least as many values as its longest call takes; may be shared.</param>
    /// <param name="profiler">Who is told the times; null measures nothing.</param>
    public BenchSession(BenchModel model, Workload workload, float[] mel, DecodeProfiler? profiler)
    {
        _mel = mel;
        _melCount = model.Vocoder.MelCount;
        _batch = workload.Batch;
        _audio = new float[workload.Batch * model.Vocoder.GetSampleCount(mel.Length / _melCount / _batch)];
        _session = model.Vocoder.CreateSession(profiler);
        try
        {
            _session.WarmUp();
            if (!workload.IsReplay)
                _session.WarmUp(workload.Lengths[0], _batch);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>What the session holds ready.</summary>
    public DecoderState State => _session.GetState();

    public void Decode(int frames) => _session.DecodeBatch(_mel.AsSpan(0, _batch * _melCount * frames), _batch, frames, _audio);

    public void Dispose() => _session.Dispose();
}
