using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Vocoding;

/// <summary>What a stream puts out: the results of its runs, in order and without a gap, as samples that wait to be read.</summary>
internal sealed class StreamOutput : IDisposable
{
    private readonly InverseStftStream? _inverseStft;
    private readonly DecoderInfo _info;
    private readonly bool _checkOutput;

    public StreamOutput(DecoderInfo info, bool checkOutput)
    {
        (_info, _checkOutput) = (info, checkOutput);
        _inverseStft = info.Signal == OutputKind.Spectrum ? new InverseStftStream(info.Metadata.Stft) : null;
    }

    /// <summary>Samples that nobody has read yet.</summary>
    public SampleQueue Samples { get; } = new();

    /// <summary>Samples finished since the start, read or not.</summary>
    public long Finished { get; private set; }

    /// <summary>Adds frames of a spectrum, or samples, from a run's only item.</summary>
    /// <param name="output">The run's result.</param>
    /// <param name="first">The first unit that is taken.</param>
    /// <param name="count">Units.</param>
    public void Add(in DecoderOutput output, int first, int count)
    {
        if (_inverseStft is not null)
        {
            Spectrum frames = output.GetSpectrum(0, first, count);
            Keep(_inverseStft.Push(frames, Samples.GetRoom(_inverseStft.GetSampleCount(count))));
            return;
        }
        DecodePipeline.GetSamples(output, 0, first, count).CopyTo(Samples.GetRoom(count));
        Keep(count);
    }

    /// <summary>After the last unit: adds the samples that waited for more.</summary>
    public void Complete()
    {
        if (_inverseStft is not null)
            Keep(_inverseStft.Complete(Samples.GetRoom(_inverseStft.RemainingSamples)));
    }

    public void Clear()
    {
        _inverseStft?.Reset();
        Samples.Clear();
        Finished = 0;
    }

    public void Dispose() => _inverseStft?.Dispose();

    private void Keep(int count)
    {
        if (_checkOutput && NonFinite.IndexOf(Samples.GetRoom(count)) is >= 0 and int index)
            throw VocoderSession.NonFiniteAudio(_info, $"sample {Finished + index}");
        Samples.Add(count);
        Finished += count;
    }
}
