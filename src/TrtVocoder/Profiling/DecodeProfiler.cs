using System.Diagnostics;

namespace TrtVocoder.Profiling;

/// <summary>
/// Collects the times of decodes: give one to a session when it is made. Without one nothing is measured and nothing costs
/// anything. It keeps the latest decodes up to its capacity and allocates only when it is made and when it is read. Thread-safe: it can serve
/// several sessions, and be read from any thread at any time without waiting for the GPU.
/// </summary>
public sealed class DecodeProfiler
{
    private readonly Lock _gate = new();
    private readonly DecodeTimes[] _decodes;
    private readonly Dictionary<string, List<double>> _layers = [];
    private readonly long _origin = Stopwatch.GetTimestamp();
    private long _count;
    private int _pauses;

    /// <summary>Makes an empty profiler.</summary>
    /// <param name="capacity">Decodes that are kept; later ones replace the earliest.</param>
    /// <param name="collectsLayers">
    /// Whether to take each layer's time too, of engines. This slows decodes down: TensorRT then times every kernel, so keep such runs apart from
    /// those whose other times count.
    /// </param>
    public DecodeProfiler(int capacity = 4096, bool collectsLayers = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _decodes = new DecodeTimes[capacity];
        CollectsLayers = collectsLayers;
    }

    /// <summary>Whether each layer's time is taken.</summary>
    public bool CollectsLayers { get; }

    /// <summary>Decodes since it was made or cleared, those no longer kept included.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
                return _count;
        }
    }

    /// <summary>Milliseconds from the making of this profiler until now: the clock of every moment it tells.</summary>
    public double NowMs => Stopwatch.GetElapsedTime(_origin).TotalMilliseconds;

    /// <summary>The latest decode's times.</summary>
    /// <exception cref="InvalidOperationException">There was none.</exception>
    public DecodeTimes Last
    {
        get
        {
            lock (_gate)
                return _count > 0 ? _decodes[(_count - 1) % _decodes.Length] : throw new InvalidOperationException("Nothing was decoded with this profiler yet.");
        }
    }

    /// <summary>The decodes that are kept, earliest first.</summary>
    public IReadOnlyList<DecodeTimes> GetDecodes()
    {
        lock (_gate)
        {
            DecodeTimes[] kept = new DecodeTimes[Math.Min(_count, _decodes.Length)];
            for (int i = 0; i < kept.Length; i++)
                kept[i] = _decodes[(_count - kept.Length + i) % _decodes.Length];
            return kept;
        }
    }

    /// <summary>Statistics of one part over the decodes that are kept.</summary>
    /// <param name="part">The part.</param>
    /// <param name="afterShapeChange">Those decodes that paid for a new shape, or all others; a series of its own, since they are many times slower.</param>
    public TimingStatistics GetStatistics(DecodePart part, bool afterShapeChange = false) =>
        TimingStatistics.Of(GetDecodes().Where(decode => decode.ChangedShape == afterShapeChange).Select(decode => decode[part]));

    /// <summary>Every layer's times, in the order of first report; empty unless <see cref="CollectsLayers"/>.</summary>
    public IReadOnlyList<LayerTimes> GetLayers()
    {
        lock (_gate)
        {
            double all = _layers.Values.Sum(times => times.Sum());
            return [.. _layers.Select(layer => new LayerTimes(layer.Key, TimingStatistics.Of(layer.Value), layer.Value.Sum(), all > 0 ? 100 * layer.Value.Sum() / all : 0))];
        }
    }

    /// <summary>Forgets everything collected; the clock goes on.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _count = 0;
            _layers.Clear();
        }
    }

    internal void Add(in DecodeTimes decode)
    {
        lock (_gate)
            _decodes[_count++ % _decodes.Length] = decode;
    }

    /// <summary>Begins or ends a time in which no layer is recorded: warming up.</summary>
    internal void PauseLayers(bool pauses) => Interlocked.Add(ref _pauses, pauses ? 1 : -1);

    internal void AddLayer(string name, double timeMs)
    {
        if (Volatile.Read(ref _pauses) > 0)
            return;
        lock (_gate)
        {
            if (!_layers.TryGetValue(name, out List<double>? times))
                _layers[name] = times = [];
            times.Add(timeMs);
        }
    }

    internal double ToMs(long timestamp) => Stopwatch.GetElapsedTime(_origin, timestamp).TotalMilliseconds;
}
