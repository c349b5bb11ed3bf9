using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>
/// Runs an engine: one stream, and an execution context with buffers for each shape that is kept ready, and for all others together. For
/// one thread at a time; a call of any member while another thread is inside throws <see cref="InvalidOperationException"/>. After the
/// first runs of a shape nothing managed is allocated.
/// </summary>
/// <remarks>
/// A context takes some 50 ms to make, a change of shape some 2 ms: so only <see cref="PrepareShape"/> makes a shape ready, and no run does
/// by itself.
/// </remarks>
public sealed class TrtDecoder : IDecoder, IVisited
{
    private readonly CudaStream _stream;
    private readonly PreparedRuns _runs;
    private readonly EngineTensors _tensors;
    private readonly RunInstruments? _instruments;
    private readonly bool _makesSamples;
    private readonly StreamWait _wait;
    private ExclusiveUse _use;
    private PreparedRun? _current;
    private NetworkTimes _times;
    private int _batch;
    private bool _isRunning;
    private bool _changedShape;
    private double _shapeSetMs;

    /// <summary>Takes all but the tensors over.</summary>
    internal TrtDecoder(
        CudaStream stream, PreparedRuns runs, EngineTensors tensors, RunInstruments? instruments, bool makesSamples, bool? sleepsWhileWaiting)
    {
        _makesSamples = makesSamples;
        _wait = new StreamWait(sleepsWhileWaiting);
        _stream = stream;
        _runs = runs;
        _tensors = tensors;
        _instruments = instruments;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder.</exception>
    public NetworkTimes Times
    {
        get
        {
            using Visit visit = new(this);
            return _times;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder.</exception>
    public DecoderState State
    {
        get
        {
            using Visit visit = new(this);
            return _runs.State;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder, or a run was started and not finished.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public void PrepareShape(int batch, int frames, bool isPinned = false)
    {
        CheckShape(batch, frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        // The run of the last input may be the one that makes room.
        _batch = 0;
        _runs.Prepare(Math.Max(batch, _tensors.Profile.MinBatch), frames, isPinned);
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
        _current = _runs.Get(Math.Max(batch, _tensors.Profile.MinBatch), frames);
        _changedShape = _current.HasNewShape;
        _batch = batch;
        if (_instruments is not null)
            _shapeSetMs = _instruments.NowMs - start;
        if (_tensors.Stream is not null)
            _current.SetPlace(0, null);
        return _current.GetMel(batch * _tensors.Metadata.MelCount * frames);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The engine keeps no state.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public Span<float> BeginInput(int frames, long position, long? length)
    {
        if (_tensors.Stream is null)
            throw new NotSupportedException("This engine decodes whole mels: it keeps no state from run to run.");
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        Span<float> mel = BeginInput(1, frames);
        _current!.SetPlace(position, length);
        return mel;
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
            _runs.Launch(_current!);
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
        try
        {
            _wait.Wait(_stream);
        }
        catch
        {
            // Were the run still under way, the next one would overlap it.
            _stream.Drain();
            throw;
        }
        if (_instruments is not null)
            Measure(_instruments);
        return _current!.Receive(_batch);
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
    /// <exception cref="NotSupportedException">The planes are not real and imaginary parts.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    public int GetOutputLength(int batch, int frames)
    {
        CheckDeviceShape(batch, frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        _batch = 0;
        return _runs.GetChanging(batch, frames).ResultCount;
    }

    /// <summary>
    /// Enqueues a run from and to the caller's GPU memory on the caller's stream, and returns at once: nothing is copied. The memory is
    /// in the engine's own type (FP32 or FP16) and order, and must live until the work is done.
    /// </summary>
    /// <remarks>
    /// A decoder does one run at a time on the GPU, since its runs share their scratch memory: whatever is enqueued later, here on another
    /// stream or by <see cref="Start"/>, waits there for this run, and the host waits for nothing; <see cref="Dispose"/> does wait. A
    /// stream that is being captured is the exception: when the graph runs the caller alone knows, and must keep its launches apart from
    /// all other runs of this decoder, and the decoder alive.
    /// </remarks>
    /// <param name="mel">CUdeviceptr of [batch, n_mels, frames], aligned to 256 bytes.</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames an item.</param>
    /// <param name="realOrAudio">
    /// CUdeviceptr of the real parts or the samples, aligned to 256 bytes, with room for <see cref="GetOutputLength"/> values. What
    /// <see cref="TrtDecoderModel.CreateSampleDecoder"/> made writes samples in FP32, and looks for no NaN here.
    /// </param>
    /// <param name="imag">CUdeviceptr of the imaginary parts; 0 where samples are written.</param>
    /// <param name="stream">A CUstream (cudaStream_t) of the engine's context (<see cref="TrtDecoderOptions.Context"/>), not the default stream.</param>
    /// <exception cref="NotSupportedException">The planes are not real and imaginary parts.</exception>
    /// <exception cref="ArgumentException">An address is not aligned, or missing, or the stream is 0.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">There is no such stream, or memory is used up.</exception>
    /// <exception cref="NotSupportedException">The engine keeps state from run to run.</exception>
    public void RunOnDevice(nint mel, int batch, int frames, nint realOrAudio, nint imag, nint stream)
    {
        CheckDeviceShape(batch, frames);
        if ((_makesSamples || !_tensors.IsSpectrum) && imag != 0)
            throw new ArgumentException("This decoder puts out samples: it has no imaginary parts.", nameof(imag));
        if (_makesSamples && (realOrAudio == 0 || realOrAudio % TrtExecutionContext.AddressAlignmentBytes != 0))
            throw new ArgumentException(
                $"The samples need memory at a multiple of {TrtExecutionContext.AddressAlignmentBytes} bytes; 0x{realOrAudio:X} is not.",
                nameof(realOrAudio));
        if (_tensors.Stream is not null)
            throw new NotSupportedException("An engine with state runs on memory of its own only.");
        using Visit visit = new(this);
        ThrowIfRunning();
        // The next run must be prepared anew: shape and addresses are now the caller's.
        _batch = 0;
        _runs.LaunchForCaller(batch, frames, mel, realOrAudio, imag, stream);
    }

    /// <summary>The same for frames of longer mels, whose samples go to where they belong in the whole.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder, or a run was started and not finished.</exception>
    /// <exception cref="DataFormatException">The network puts out too few samples.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">There is no such stream, an address is not of the GPU's memory, or memory is used up.</exception>
    internal void RunWindow(in DeviceWindow window, nint stream)
    {
        CheckShape(window.Items, window.Frames);
        using Visit visit = new(this);
        ThrowIfRunning();
        _batch = 0;
        _runs.LaunchForCaller(window, stream);
    }

    /// <summary>Bytes of an element of the mel on the GPU.</summary>
    internal int MelBytes => _tensors.Mel.DataType == TrtDataType.Half ? 2 : sizeof(float);

    /// <summary>Bytes of a sample on the GPU, where it puts out samples.</summary>
    internal int SampleBytes => !_makesSamples && _tensors.Outputs[0].DataType == TrtDataType.Half ? 2 : sizeof(float);

    /// <summary>
    /// Frees contexts, graphs, stream and buffers, after the runs that are under way; while another thread is inside, as soon as it is out.
    /// </summary>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    private void Measure(RunInstruments instruments)
    {
        _times = instruments.Read(_current!.CopiesData, _makesSamples) with
        {
            ShapeSetMs = _shapeSetMs,
            ChangedShape = _changedShape,
            UsedGraph = _current.IsCaptured,
        };
        (_shapeSetMs, _changedShape) = (0, false);
        instruments.CollectLayers(_current.Context);
    }

    private void ThrowIfRunning()
    {
        if (_isRunning)
            throw new InvalidOperationException("A run was started; Finish comes before the next.");
    }

    // The value stands in the sentence: given to the exception it would become a second line.
    private void CheckShape(int batch, int frames)
    {
        TrtOptimizationProfile profile = _tensors.Profile;
        if (batch < 1 || batch > profile.MaxBatch)
            throw new ArgumentOutOfRangeException(nameof(batch), $"The engine takes 1 to {profile.MaxBatch} items, not {batch}.");
        if (frames < profile.MinFrames || frames > profile.MaxFrames)
        {
            throw new ArgumentOutOfRangeException(
                nameof(frames), $"The engine's profile takes {profile.MinFrames} to {profile.MaxFrames} frames, not {frames}; an engine "
                    + $"of another profile takes others.");
        }
    }

    private void CheckDeviceShape(int batch, int frames)
    {
        // The caller has one pointer for the real and one for the imaginary parts.
        if (!_makesSamples && _tensors.Form is not (null or SpectrumForm.RealImaginary))
            throw new NotSupportedException(
                $"The engine's outputs are {_tensors.Form}: only one that puts out real and imaginary parts, or samples, runs from and to the "
                    + "caller's GPU memory; decode from host memory instead.");
        CheckShape(batch, frames);
        if (batch < _tensors.Profile.MinBatch)
            throw new ArgumentOutOfRangeException(nameof(batch),
                $"The engine takes {_tensors.Profile.MinBatch} to {_tensors.Profile.MaxBatch} items, not {batch}.");
    }

    ref ExclusiveUse IVisited.Use => ref _use;

    void IVisited.Free() => Free();

    private void Free()
    {
        _stream.Drain();
        _runs.Dispose();
        _instruments?.Dispose();
        _wait.Dispose();
        _stream.Dispose();
    }
}
