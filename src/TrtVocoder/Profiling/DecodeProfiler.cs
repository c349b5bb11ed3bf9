using System.Diagnostics;

namespace TrtVocoder.Profiling;

/// <summary>
/// Collects the times of decodes: give one to a session when it is made. Without one nothing is measured and nothing costs
/// anything. It keeps the latest decodes, and of each layer the latest times, up to its capacity; it allocates when it is made, when it is
/// read, and for a layer's first times. Thread-safe: it can serve
/// several sessions, and be read from any thread at any time without waiting for the GPU.
/// </summary>
public sealed class DecodeProfiler
{
    private readonly Lock _gate = new();
    private readonly Ring<DecodeTimes> _decodes;
    private readonly Dictionary<string, Ring<double>> _layers = [];
    private readonly int _capacity;
    private readonly long _origin = Stopwatch.GetTimestamp();
    private int _pauses;

    /// <summary>Makes an empty profiler.</summary>
    /// <param name="capacity">Decodes, and times of each layer, that are kept; later ones replace the earliest.</param>
    /// <param name="collectsLayers">
    /// Whether to take each layer's time too, of engines. This slows decodes down: TensorRT then times every kernel, so keep such runs
    /// apart from those whose other times count.
    /// </param>
    public DecodeProfiler(int capacity = 4096, bool collectsLayers = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _decodes = new Ring<DecodeTimes>(capacity, reserve: capacity);
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
                return _decodes.Count;
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
                return _decodes.Count > 0 ? _decodes.Last : throw new InvalidOperationException(
                    "Nothing was decoded with this profiler yet.");
        }
    }

    /// <summary>The decodes that are kept, earliest first.</summary>
    public IReadOnlyList<DecodeTimes> GetDecodes()
    {
        lock (_gate)
        {
            return _decodes.ToArray();
        }
    }

    /// <summary>Statistics of one part over the decodes that are kept.</summary>
    /// <param name="part">The part.</param>
    /// <param name="afterShapeChange">
    /// Those decodes that paid for a new shape, or all others; a series of its own, since they are many times slower.
    /// </param>
    public TimingStatistics GetStatistics(DecodePart part, bool afterShapeChange = false) =>
        TimingStatistics.Of(GetDecodes().Where(decode => decode.ChangedShape == afterShapeChange).Select(decode => decode[part]));

    /// <summary>Statistics of every layer's kept times, in the order of first report; empty unless <see cref="CollectsLayers"/>.</summary>
    public IReadOnlyList<LayerTimes> GetLayers()
    {
        (string Name, double[] Times)[] layers;
        // Only copied under the lock, which the decoding thread takes too.
        lock (_gate)
            layers = [.. _layers.Select(layer => (layer.Key, layer.Value.ToArray()))];
        double all = layers.Sum(layer => layer.Times.Sum());
        return [.. layers.Select(layer =>
        {
            double total = layer.Times.Sum();
            return new LayerTimes(layer.Name, TimingStatistics.Of(layer.Times), total, all > 0 ? 100 * total / all : 0);
        })];
    }

    /// <summary>Forgets everything collected; the clock goes on.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _decodes.Clear();
            _layers.Clear();
        }
    }

    internal void Add(in DecodeTimes decode)
    {
        lock (_gate)
            _decodes.Add(decode);
    }

    /// <summary>Begins or ends a time in which no layer is recorded: warming up.</summary>
    internal void PauseLayers(bool pauses) => Interlocked.Add(ref _pauses, pauses ? 1 : -1);

    internal void AddLayer(string name, double timeMs)
    {
        if (Volatile.Read(ref _pauses) > 0)
            return;
        lock (_gate)
        {
            if (!_layers.TryGetValue(name, out Ring<double>? times))
                _layers[name] = times = new Ring<double>(_capacity, reserve: 0);
            times.Add(timeMs);
        }
    }

    // The latest values up to a capacity; not thread-safe.
    private sealed class Ring<T>(int capacity, int reserve)
    {
        private T[] _values = new T[reserve];

        /// <summary>Values added, those no longer kept included.</summary>
        public long Count { get; private set; }

        public T Last => _values[(Count - 1) % capacity];

        public void Add(in T value)
        {
            if (Count == _values.Length && Count < capacity)
                Array.Resize(ref _values, Math.Min(capacity, Math.Max(16, 2 * _values.Length)));
            _values[Count++ % capacity] = value;
        }

        /// <summary>The kept values, earliest first.</summary>
        public T[] ToArray()
        {
            T[] kept = new T[Math.Min(Count, capacity)];
            int first = Count <= capacity ? 0 : (int)(Count % capacity);
            Array.Copy(_values, first, kept, 0, kept.Length - first);
            Array.Copy(_values, 0, kept, kept.Length - first, first);
            return kept;
        }

        public void Clear() => Count = 0;
    }
}
