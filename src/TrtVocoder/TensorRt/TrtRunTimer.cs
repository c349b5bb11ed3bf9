using TrtVocoder.Cuda;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>
/// Times a decoder's runs by four events, made once, between the parts of a run, as trtexec does. Events are only read after the run is done,
/// so reading waits for nothing. One run at a time.
/// </summary>
internal sealed class TrtRunTimer : IDisposable
{
    private readonly DecodeProfiler _profiler;
    private readonly CudaEvent[] _marks = new CudaEvent[4];
    private readonly CudaEvent _origin;
    private readonly double _originMs;
    private double _enqueueStartMs;
    private double _enqueueEndMs;

    /// <summary>Makes the events and brings the GPU's clock to the profiler's.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public TrtRunTimer(CudaContext cuda, CudaStream stream, DecodeProfiler profiler)
    {
        _profiler = profiler;
        _origin = CudaEvent.Create(cuda);
        try
        {
            for (int i = 0; i < _marks.Length; i++)
                _marks[i] = CudaEvent.Create(cuda);
            _origin.Record(stream);
            _origin.Synchronize();
            _originMs = profiler.NowMs;
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
        Start,
        ComputeStart,
        ComputeEnd,
        End,
    }

    /// <summary>Puts a mark into the stream, or into the graph that the stream is recorded into.</summary>
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
    /// <param name="copies">Whether anything is copied; else the copies' times are those of events alone, and told as 0.</param>
    public NetworkTimes Read(bool copies)
    {
        double start = At(Moment.Start), computeStart = At(Moment.ComputeStart), computeEnd = At(Moment.ComputeEnd), end = At(Moment.End);
        return new NetworkTimes
        {
            HostToDeviceMs = copies ? Between(Moment.Start, Moment.ComputeStart) : 0,
            ComputeMs = Between(Moment.ComputeStart, Moment.ComputeEnd),
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

    public void Dispose()
    {
        _origin.Dispose();
        foreach (CudaEvent? mark in _marks)
            mark?.Dispose();
    }
}
