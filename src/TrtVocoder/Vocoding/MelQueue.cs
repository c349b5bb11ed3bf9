namespace TrtVocoder.Vocoding;

/// <summary>The frames of a mel that came and may still be needed, band by band. Grows to what a stream holds at most.</summary>
internal sealed class MelQueue(int melCount)
{
    private float[] _values = [];
    private int _capacity;
    private int _start;
    private int _count;

    /// <summary>Frames that came, all together.</summary>
    public long End { get; private set; }

    /// <summary>The first frame that is still held.</summary>
    public long First => End - _count;

    public void Clear() => (_start, _count, End) = (0, 0, 0);

    /// <summary>Takes further frames.</summary>
    public void Append(ReadOnlySpan<float> mel, int frames, MelLayout layout)
    {
        MakeRoom(frames);
        int target = _start + _count;
        for (int band = 0; band < melCount; band++)
        {
            Span<float> row = _values.AsSpan((band * _capacity) + target, frames);
            if (layout == MelLayout.BandsMajor)
            {
                mel.Slice(band * frames, frames).CopyTo(row);
                continue;
            }
            for (int frame = 0; frame < frames; frame++)
                row[frame] = mel[(frame * melCount) + band];
        }
        _count += frames;
        End += frames;
    }

    /// <summary>Copies held frames to [n_mels, <paramref name="rowFrames"/>]; what is beyond them in a row is set to zero.</summary>
    public void CopyTo(long first, int count, Span<float> target, int rowFrames)
    {
        int source = _start + (int)(first - First);
        for (int band = 0; band < melCount; band++)
        {
            Span<float> row = target.Slice(band * rowFrames, rowFrames);
            if (count > 0)
                _values.AsSpan((band * _capacity) + source, count).CopyTo(row);
            row[count..].Clear();
        }
    }

    /// <summary>Lets go of the frames before one.</summary>
    public void DropBefore(long frame)
    {
        int dropped = (int)Math.Clamp(frame - First, 0, _count);
        _start += dropped;
        _count -= dropped;
    }

    private void MakeRoom(int frames)
    {
        if (_start + _count + frames <= _capacity)
            return;
        int needed = checked(_count + frames);
        float[] values = _values;
        int capacity = _capacity;
        if (needed > _capacity / 2)
        {
            // Twice what is held: else every call would move all of it.
            _capacity = checked(2 * needed);
            _values = new float[checked(_capacity * melCount)];
        }
        for (int band = 0; band < melCount; band++)
            values.AsSpan((band * capacity) + _start, _count).CopyTo(_values.AsSpan(band * _capacity));
        _start = 0;
    }
}
