using System.Runtime.InteropServices;
using TrtVocoder.Cuda;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>
/// What a profiled decoder measures with: events between the parts of a run, as trtexec has them, and TensorRT's own times of the
/// layers if the profiler wants them. All is made once, and read only after a run is done, so that reading waits for nothing. One run at a
/// time. A decoder without a profiler has none.
/// </summary>
internal sealed class RunInstruments : IDisposable
{
    // The driver tells the time between two events in single precision: within 10 s that is to a microsecond, after hours to milliseconds.
    private const double MaxOriginAgeMs = 10_000;
    private const int LayerCapacity = 256;

    private readonly DecodeProfiler _profiler;
    private readonly double _maxOriginAgeMs;
    private readonly CudaEvent[] _marks = new CudaEvent[5];
    private readonly CudaEvent _origin;
    private readonly ProfilerHandle? _layerProfiler;
    private readonly List<string> _layerNames = [];
    private readonly int[] _layers = new int[LayerCapacity];
    private readonly float[] _layerMs = new float[LayerCapacity];
    private double _originMs;
    private double _enqueueStartMs;
    private double _enqueueEndMs;

    /// <summary>Makes the events and brings the GPU's clock to the profiler's.</summary>
    /// <param name="stream">The decoder's stream.</param>
    /// <param name="shim">The library whose layers are timed; null leaves them untimed whatever the profiler wants.</param>
    /// <param name="profiler">Who gets the times.</param>
    /// <param name="maxOriginAgeMs">After how long the clocks are brought together anew.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public RunInstruments(CudaStream stream, Shim? shim, DecodeProfiler profiler, double maxOriginAgeMs = MaxOriginAgeMs)
    {
        _profiler = profiler;
        _maxOriginAgeMs = maxOriginAgeMs;
        _origin = CudaEvent.Create(stream.Context);
        try
        {
            for (int i = 0; i < _marks.Length; i++)
                _marks[i] = CudaEvent.Create(stream.Context);
            SetOrigin(stream);
            _layerProfiler = shim is not null && profiler.CollectsLayers ? MakeLayerProfiler(shim) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where in a run a mark stands.</summary>
    public enum Moment
    {
        /// <summary>Before the copy to the GPU.</summary>
        Start,

        /// <summary>Before the network.</summary>
        ComputeStart,

        /// <summary>Behind the network, where an inverse STFT follows it.</summary>
        NetworkEnd,

        /// <summary>Behind all that the GPU computes.</summary>
        ComputeEnd,

        /// <summary>Behind the copy to the host.</summary>
        End,
    }

    /// <summary>The profiler's clock.</summary>
    public double NowMs => _profiler.NowMs;

    /// <summary>Before a run or the launch of its graph; no earlier run is under way in the stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void BeginRun(CudaStream stream)
    {
        if (_profiler.NowMs - _originMs >= _maxOriginAgeMs)
            SetOrigin(stream);
    }

    /// <summary>Puts a mark into the stream, or into the graph that the stream is recorded into.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Mark(Moment moment, CudaStream stream, bool isRecording)
    {
        CudaEvent mark = _marks[(int)moment];
        if (isRecording)
            mark.RecordInGraph(stream);
        else
            mark.Record(stream);
    }

    /// <summary>Just before the call that enqueues the engine or launches the graph.</summary>
    public void EnqueueBegins() => _enqueueStartMs = _profiler.NowMs;

    /// <summary>Just after it.</summary>
    public void EnqueueEnds() => _enqueueEndMs = _profiler.NowMs;

    /// <summary>The times of the run that is done.</summary>
    /// <param name="hasInverseStft">Whether an inverse STFT followed the network.</param>
    /// <param name="copies">Whether anything is copied; else the copies' times are those of events alone, and told as 0.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public NetworkTimes Read(bool copies, bool hasInverseStft)
    {
        Moment networkEnd = hasInverseStft ? Moment.NetworkEnd : Moment.ComputeEnd;
        double start = At(Moment.Start), computeStart = At(Moment.ComputeStart), computeEnd = At(Moment.ComputeEnd), end = At(Moment.End);
        return new NetworkTimes
        {
            HostToDeviceMs = copies ? Between(Moment.Start, Moment.ComputeStart) : 0,
            ComputeMs = Between(Moment.ComputeStart, networkEnd),
            InverseStftMs = hasInverseStft ? Between(Moment.NetworkEnd, Moment.ComputeEnd) : 0,
            DeviceToHostMs = copies ? Between(Moment.ComputeEnd, Moment.End) : 0,
            EnqueueMs = _enqueueEndMs - _enqueueStartMs,
            EnqueueStartMs = _enqueueStartMs,
            EnqueueEndMs = _enqueueEndMs,
            HostToDeviceStartMs = copies ? start : computeStart,
            ComputeStartMs = computeStart,
            ComputeEndMs = computeEnd,
            DeviceToHostEndMs = copies ? end : computeEnd,
        };

        double At(Moment moment) => _originMs + _marks[(int)moment].GetElapsedMs(_origin);
        double Between(Moment from, Moment to) => _marks[(int)to].GetElapsedMs(_marks[(int)from]);
    }

    /// <summary>Lets TensorRT time the layers of a context's runs, if the profiler wants them.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public void Attach(TrtExecutionContext context)
    {
        if (_layerProfiler is not null)
            context.SetLayerProfiler(_layerProfiler);
    }

    /// <summary>Hands the layer times of the context's run that is done to the profiler, or gives them up.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public unsafe void CollectLayers(TrtExecutionContext context, bool discard = false)
    {
        if (_layerProfiler is null)
            return;
        context.ReportLayers();
        Shim shim = _layerProfiler.Shim;
        int count;
        do
        {
            fixed (int* layers = _layers)
            fixed (float* times = _layerMs)
                shim.Check(
                    shim.Api.trtv_profiler_take(_layerProfiler.DangerousGetHandle(), layers, times, LayerCapacity, &count),
                    "Taking layer times");
            for (int i = 0; i < count && !discard; i++)
                _profiler.AddLayer(GetLayerName(_layerProfiler, _layers[i]), _layerMs[i]);
        }
        while (count == LayerCapacity);
    }

    /// <summary>Destroys events and profiler.</summary>
    public void Dispose()
    {
        _origin.Dispose();
        foreach (CudaEvent? mark in _marks)
            mark?.Dispose();
        _layerProfiler?.Dispose();
    }

    private static unsafe ProfilerHandle MakeLayerProfiler(Shim shim)
    {
        nint made;
        shim.Check(shim.Api.trtv_profiler_create(&made), "Making a profiler");
        return new ProfilerHandle(shim, made);
    }

    private void SetOrigin(CudaStream stream)
    {
        _origin.Record(stream);
        _origin.Synchronize();
        _originMs = _profiler.NowMs;
    }

    private unsafe string GetLayerName(ProfilerHandle profiler, int layer)
    {
        while (_layerNames.Count <= layer)
        {
            byte* name;
            profiler.Shim.Check(
                profiler.Shim.Api.trtv_profiler_get_layer_name(profiler.DangerousGetHandle(), _layerNames.Count, &name),
                "Asking for a layer's name");
            _layerNames.Add(Marshal.PtrToStringUTF8((nint)name) ?? "");
        }
        return _layerNames[layer];
    }
}
