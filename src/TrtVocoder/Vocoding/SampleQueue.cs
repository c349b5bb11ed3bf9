namespace TrtVocoder.Vocoding;

/// <summary>Finished samples that nobody has read yet.</summary>
internal sealed class SampleQueue
{
    private float[] _samples = [];
    private int _start;

    /// <summary>Samples in it.</summary>
    public int Count { get; private set; }

    /// <summary>The samples, the earliest first.</summary>
    public ReadOnlySpan<float> Content => _samples.AsSpan(_start, Count);

    public void Clear() => (_start, Count) = (0, 0);

    /// <summary>Room for samples behind those that are there; <see cref="Add"/> takes them in.</summary>
    public Span<float> GetRoom(int samples)
    {
        if (_start + Count + samples > _samples.Length)
        {
            float[] old = _samples;
            if (Count + samples > _samples.Length)
                _samples = new float[Math.Max(checked(Count + samples), (int)Math.Min(2L * old.Length, Array.MaxLength))];
            old.AsSpan(_start, Count).CopyTo(_samples);
            _start = 0;
        }
        return _samples.AsSpan(_start + Count, samples);
    }

    /// <summary>Takes in samples that were written to <see cref="GetRoom"/>'s span.</summary>
    public void Add(int samples) => Count += samples;

    /// <summary>Takes out as many samples as there are and fit.</summary>
    public int Read(Span<float> audio)
    {
        int count = Math.Min(audio.Length, Count);
        Content[..count].CopyTo(audio);
        Drop(count);
        return count;
    }

    /// <summary>Takes out the earliest samples.</summary>
    public void Drop(int count)
    {
        Count -= count;
        _start = Count == 0 ? 0 : _start + count;
    }
}
