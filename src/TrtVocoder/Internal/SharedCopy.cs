namespace TrtVocoder.Internal;

/// <summary>
/// Copies that are shared out among the caller and helper threads of the process where they are large; one core alone does not fill a
/// server's memory bus. Looks for NaN and infinity on the way, if asked. One caller at a time; allocates nothing after it is made.
/// </summary>
internal sealed unsafe class SharedCopy
{
    /// <summary>Values from which on helpers are worth waking: 1 MiB takes one core some 0.1 ms, waking a thread some 0.01 ms.</summary>
    public const int MinValuesPerThread = 1 << 18;

    private const int MostThreads = 6;

    private readonly HelperThreads _threads;
    private readonly ParkedThread[] _rented = new ParkedThread[MostThreads - 1];
    private readonly Action[] _works = new Action[MostThreads];
    private readonly int[] _found = new int[MostThreads];
    private float* _source;
    private float* _target;
    private int _count;
    private int _parts;
    private bool _isChecked;

    /// <summary>Makes the parts.</summary>
    public SharedCopy(HelperThreads threads)
    {
        _threads = threads;
        for (int i = 0; i < MostThreads; i++)
        {
            int part = i;
            _works[i] = () => CopyPart(part);
        }
    }

    /// <summary>Copies.</summary>
    /// <param name="source">From where.</param>
    /// <param name="target">Where to; at least as long.</param>
    /// <param name="isChecked">Whether to look for NaN and infinity.</param>
    /// <returns>The index of the first NaN or infinity, or −1.</returns>
    public int Copy(ReadOnlySpan<float> source, Span<float> target, bool isChecked)
    {
        target = target[..source.Length];
        int helpers = Math.Min(Math.Min(source.Length / MinValuesPerThread, MostThreads), Environment.ProcessorCount) - 1;
        int count = helpers > 0 ? _threads.Rent(_rented.AsSpan(0, helpers)) : 0;
        fixed (float* from = source, to = target)
        {
            _source = from;
            _target = to;
            (_count, _parts, _isChecked) = (source.Length, count + 1, isChecked);
            ReadOnlySpan<ParkedThread> rented = _rented.AsSpan(0, count);
            for (int i = 0; i < count; i++)
                rented[i].Post(_works[i + 1]);
            CopyPart(0);
            for (int i = 0; i < count; i++)
                if (rented[i].TryTakeBack())
                    CopyPart(i + 1);
                else
                    rented[i].Wait();
            _threads.Return(rented);
        }
        foreach (int index in _found.AsSpan(0, _parts))
            if (index >= 0)
                return index;
        return -1;
    }

    private void CopyPart(int part)
    {
        int start = (int)((long)_count * part / _parts), end = (int)((long)_count * (part + 1) / _parts);
        ReadOnlySpan<float> source = new(_source + start, end - start);
        Span<float> target = new(_target + start, end - start);
        int found = -1;
        if (_isChecked)
            found = NonFinite.Copy(source, target);
        else
            source.CopyTo(target);
        _found[part] = found < 0 ? -1 : start + found;
    }
}
