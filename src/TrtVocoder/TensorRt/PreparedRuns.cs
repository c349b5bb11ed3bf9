using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The shapes that one decoder keeps ready. Each has a context of its own, since a context pays milliseconds for every change of shape; they
/// share one piece of scratch memory, since a decoder runs one at a time. One thread at a time.
/// </summary>
internal sealed class PreparedRuns : IDisposable
{
    /// <summary>A few windows for a few batch sizes; a shape takes some megabytes.</summary>
    public const int MaxShapes = 32;

    private readonly CudaContext _cuda;
    private readonly CudaStream _stream;
    private readonly TrtEngine _engine;
    private readonly EngineTensors _network;
    private readonly TrtDecoderOptions _options;
    private readonly bool _isMapped;
    private readonly List<PreparedRun> _shapes = [];
    private DeviceBuffer<byte>? _scratch;
    private string? _captureRefusal;
    private long _uses;

    /// <summary>Keeps the engine alive until it is disposed of; the others are the decoder's.</summary>
    public PreparedRuns(CudaContext cuda, CudaStream stream, TrtEngine engine, EngineTensors network, TrtDecoderOptions options, bool isMapped)
    {
        engine.Join();
        (_cuda, _stream, _engine, _network, _options, _isMapped) = (cuda, stream, engine, network, options, isMapped);
    }

    /// <summary>What is kept, and its memory.</summary>
    public DecoderState State
    {
        get
        {
            DecoderState state = new()
            {
                KeptShapes = _shapes.Count,
                CapturedShapes = _shapes.Count(shape => shape.Graph is not null),
                CaptureRefusal = _captureRefusal,
                DeviceBytes = _scratch?.Length ?? 0,
            };
            foreach (PreparedRun shape in _shapes)
            {
                (long device, long host) = shape.Bindings.MemoryBytes;
                state = state.Add(new DecoderState { DeviceBytes = device, HostBytes = host });
            }
            return state;
        }
    }

    /// <summary>The shape if it is kept.</summary>
    public PreparedRun? Find(int batch, int frames)
    {
        foreach (PreparedRun shape in _shapes)
        {
            if (shape.Bindings.Batch != batch || shape.Bindings.Frames != frames)
                continue;
            shape.LastUse = ++_uses;
            return shape;
        }
        return null;
    }

    /// <summary>Makes a shape ready, which is not kept yet: sets it, runs it once, records it.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public PreparedRun Keep(int batch, int frames, TrtRunTimer? timer, LayerTimeCollector? layers)
    {
        if (_shapes.Count == MaxShapes)
            Drop(_shapes.MinBy(shape => shape.LastUse)!);
        long scratchBytes = _engine.GetScratchBytes(_options.Profile);
        bool sharesScratch = scratchBytes <= Array.MaxLength;
        TrtExecutionContext context = _engine.CreateContext(_options.Profile, _stream, bringsScratch: sharesScratch);
        PreparedRun? shape = null;
        try
        {
            if (sharesScratch && scratchBytes > 0)
            {
                _scratch ??= new DeviceBuffer<byte>(_cuda, (int)scratchBytes);
                context.SetScratch(_scratch.Address, scratchBytes);
            }
            layers?.Attach(context);
            TrtBindings bindings = new(_cuda, context, _network, _isMapped);
            shape = new PreparedRun(bindings);
            bindings.SetShape(batch, frames);
            bindings.UseOwnMemory();
            bindings.GetMel(bindings.MelCount).Clear();
            // The first run after a shape is set is the slow one, and must not be recorded.
            bindings.Send();
            bindings.Enqueue(_stream, timer);
            _stream.Synchronize();
            layers?.Collect(bindings, discard: true);
            if (_options.CudaGraphs)
                _captureRefusal = shape.Capture(_stream, timer) ?? _captureRefusal;
            shape.LastUse = ++_uses;
            _shapes.Add(shape);
            return shape;
        }
        catch
        {
            _stream.Drain();
            shape?.Dispose();
            context.Dispose();
            throw;
        }
    }

    /// <summary>Frees all shapes; what was enqueued must be done.</summary>
    public void Dispose()
    {
        foreach (PreparedRun shape in _shapes)
            shape.Dispose();
        _shapes.Clear();
        _scratch?.Dispose();
        _engine.Leave();
    }

    private void Drop(PreparedRun shape)
    {
        _shapes.Remove(shape);
        shape.Dispose();
    }
}
