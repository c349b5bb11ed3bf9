using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>
/// Runs an engine: one stream, and an execution context with buffers for each shape that is kept ready, and for all others together. For one
/// thread at a time; a call while another thread is inside throws <see cref="InvalidOperationException"/>. After the first runs of a shape
/// nothing managed is allocated.
/// </summary>
/// <remarks>A context takes some 50 ms to make, a change of shape some 2 ms: so only <see cref="PrepareShape"/> makes a shape ready, and no run does by itself.</remarks>
public sealed class TrtDecoder : IDecoder
{
    private readonly CudaContext _cuda;
    private readonly CudaStream _stream;
    private readonly PreparedRun _changing;
    private readonly PreparedRuns _kept;
    private readonly EngineTensors _network;
    private readonly RunInstruments? _instruments;
    private ExclusiveUse _use;
    private PreparedRun? _current;
    private int _batch;
    private bool _isRunning;
    private bool _changedShape;
    private double _shapeSetMs;

    /// <summary>Takes all but the network over.</summary>
    internal TrtDecoder(CudaContext cuda, CudaStream stream, TrtBindings bindings, PreparedRuns kept, EngineTensors network, RunInstruments? instruments)
    {
        _cuda = cuda;
        _stream = stream;
        _changing = new PreparedRun(bindings);
        _kept = kept;
        _network = network;
        _instruments = instruments;
    }

    /// <inheritdoc/>
    public NetworkTimes Times { get; private set; }

    /// <inheritdoc/>
    public DecoderState State
    {
        get
        {
            (long device, long host) = _changing.Bindings.MemoryBytes;
            return _kept.State.Add(new DecoderState { DeviceBytes = device, HostBytes = host });
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder, or a run was started and not finished.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public void PrepareShape(int batch, int frames)
    {
        CheckShape(batch, frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        int runBatch = Math.Max(batch, _network.Profile.MinBatch);
        if (_kept.Find(runBatch, frames) is null)
            _kept.Keep(runBatch, frames, _instruments?.Timer, _instruments?.Layers);
    }

    /// <inheritdoc/>
    /// <remarks>The span is GPU-visible host memory: not to be touched after <see cref="Dispose"/>.</remarks>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public Span<float> BeginInput(int batch, int frames)
    {
        CheckShape(batch, frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        _batch = 0;
        double start = _instruments?.NowMs ?? 0;
        _current = GetShape(Math.Max(batch, _network.Profile.MinBatch), frames);
        _batch = batch;
        if (_instruments is not null)
            _shapeSetMs = _instruments.NowMs - start;
        return _current.Bindings.GetMel(batch * _network.Metadata.MelCount * frames);
    }

    /// <inheritdoc/>
    /// <exception cref="TensorRtException">TensorRT failed.</exception>
    /// <exception cref="CudaException">The GPU failed.</exception>
    public void Start()
    {
        using Visit visit = new(this);
        ThrowIfRunning();
        if (_batch == 0)
            throw new InvalidOperationException("BeginInput sets the shape before a run.");
        try
        {
            _current!.Enqueue(_stream, _instruments?.Timer);
            _isRunning = true;
        }
        catch
        {
            _stream.Drain();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="CudaException">The GPU failed.</exception>
    public DecoderOutput Finish()
    {
        using Visit visit = new(this);
        if (!_isRunning)
            throw new InvalidOperationException("Start begins a run before Finish.");
        _isRunning = false;
        _stream.Synchronize();
        if (_instruments is not null)
            Measure(_instruments);
        return _current!.Bindings.Receive(_batch);
    }

    /// <inheritdoc/>
    /// <exception cref="TensorRtException">TensorRT failed.</exception>
    /// <exception cref="CudaException">The GPU failed.</exception>
    public DecoderOutput Run()
    {
        Start();
        return Finish();
    }

    /// <summary>How many values each output of a shape has: what <see cref="RunOnDevice"/> writes.</summary>
    /// <returns>batch × bins × frames, or batch × samples.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    public int GetOutputLength(int batch, int frames)
    {
        CheckDeviceShape(batch, frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        _batch = 0;
        _changing.Bindings.SetShape(batch, frames);
        return _changing.Bindings.OutputCount;
    }

    /// <summary>
    /// Enqueues a run from and to the caller's GPU memory on the caller's stream, and returns at once: nothing is copied. The memory is
    /// in the engine's own type (FP32 or FP16) and order, and must live until the work is done; so must the decoder.
    /// </summary>
    /// <param name="mel">CUdeviceptr of [batch, n_mels, frames], aligned to 256 bytes.</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames an item.</param>
    /// <param name="realOrAudio">CUdeviceptr of the real parts or the samples, aligned to 256 bytes, with room for <see cref="GetOutputLength"/> values.</param>
    /// <param name="imag">CUdeviceptr of the imaginary parts; 0 for a waveform engine.</param>
    /// <param name="stream">A CUstream (cudaStream_t) of the same GPU's primary context, not the default stream.</param>
    /// <exception cref="ArgumentException">An address is not aligned, or missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public void RunOnDevice(nint mel, int batch, int frames, nint realOrAudio, nint imag, nint stream)
    {
        CheckDeviceShape(batch, frames);
        if (_network.Imag is null && imag != 0)
            throw new ArgumentException("This engine puts out samples: it has no imaginary parts.", nameof(imag));
        using Visit visit = new(this);
        ThrowIfRunning();
        // The next run must be prepared anew: shape and addresses are now the caller's.
        _batch = 0;
        _changing.Bindings.SetShape(batch, frames);
        _changing.Bindings.UseMemory(mel, realOrAudio, imag);
        _changing.Bindings.Compute(stream);
    }

    /// <summary>Frees contexts, graphs, stream and buffers; while another thread is inside, as soon as it is out.</summary>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    private PreparedRun GetShape(int batch, int frames)
    {
        _changedShape = false;
        if (_kept.Find(batch, frames) is { } kept)
            return kept;
        _changedShape = _changing.Bindings.SetShape(batch, frames);
        _changing.Bindings.UseOwnMemory();
        return _changing;
    }

    private void Measure(RunInstruments instruments)
    {
        Times = instruments.Timer.Read(_current!.Bindings.CopiesData) with
        {
            ShapeSetMs = _shapeSetMs,
            ChangedShape = _changedShape,
            UsedGraph = _current.Graph is not null,
        };
        (_shapeSetMs, _changedShape) = (0, false);
        instruments.Layers?.Collect(_current.Bindings);
    }

    private void ThrowIfRunning()
    {
        if (_isRunning)
            throw new InvalidOperationException("A run was started; Finish comes before the next.");
    }

    private void CheckShape(int batch, int frames)
    {
        TrtOptimizationProfile profile = _network.Profile;
        if (batch < 1 || batch > profile.MaxBatch)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, $"The engine takes 1 to {profile.MaxBatch} items.");
        if (frames < profile.MinFrames || frames > profile.MaxFrames)
        {
            throw new ArgumentOutOfRangeException(
                nameof(frames), frames, $"The engine's profile takes {profile.MinFrames} to {profile.MaxFrames} frames; build it with another --min or --max for more.");
        }
    }

    private void CheckDeviceShape(int batch, int frames)
    {
        CheckShape(batch, frames);
        if (batch < _network.Profile.MinBatch)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, $"The engine takes {_network.Profile.MinBatch} to {_network.Profile.MaxBatch} items.");
    }

    private void Free()
    {
        _stream.Drain();
        _kept.Dispose();
        _changing.Dispose();
        _instruments?.Dispose();
        _stream.Dispose();
        _cuda.Dispose();
    }

    // One thread's stay inside; disposal that came meanwhile is done on the way out.
    private readonly ref struct Visit
    {
        private readonly TrtDecoder _decoder;

        public Visit(TrtDecoder decoder)
        {
            decoder._use.Enter(decoder);
            _decoder = decoder;
        }

        public void Dispose()
        {
            if (_decoder._use.Leave())
                _decoder.Free();
        }
    }
}
