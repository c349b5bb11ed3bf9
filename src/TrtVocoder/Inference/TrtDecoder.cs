using TrtVocoder.Cuda;

namespace TrtVocoder.Inference;

/// <summary>
/// Runs an engine: one execution context, one stream, one set of buffers. For one thread at a time; a call while another thread is
/// inside throws <see cref="InvalidOperationException"/>. After the first run of a shape nothing managed is allocated.
/// </summary>
public sealed class TrtDecoder : IDecoder
{
    private readonly CudaContext _cuda;
    private readonly CudaStream _stream;
    private readonly TrtBindings _bindings;
    private readonly TrtNetwork _network;
    private SingleUse _use;
    private int _batch;

    /// <summary>Takes the first three over.</summary>
    internal TrtDecoder(CudaContext cuda, CudaStream stream, TrtBindings bindings, TrtNetwork network)
    {
        _cuda = cuda;
        _stream = stream;
        _bindings = bindings;
        _network = network;
    }

    /// <inheritdoc/>
    /// <remarks>The span is GPU-visible host memory: not to be touched after <see cref="Dispose"/>.</remarks>
    /// <exception cref="InvalidOperationException">Another thread is using the decoder.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public Span<float> Prepare(int batch, int frames)
    {
        CheckShape(batch, frames);
        _use.Enter(this);
        try
        {
            _batch = 0;
            int runBatch = Math.Max(batch, _network.Profile.MinBatch);
            _bindings.SetShape(runBatch, frames);
            _bindings.UseOwnMemory();
            _batch = batch;
            return _bindings.GetMel(batch * _network.Metadata.MelCount * frames);
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public void Start()
    {
    }

    /// <inheritdoc/>
    public DecoderOutput Run()
    {
        Start();
        return Finish();
    }

    /// <inheritdoc/>
    /// <exception cref="TensorRtException">TensorRT failed.</exception>
    /// <exception cref="CudaException">The GPU failed.</exception>
    public DecoderOutput Finish()
    {
        _use.Enter(this);
        try
        {
            if (_batch == 0)
                throw new InvalidOperationException("Prepare sets the shape before Run.");
            RunSequence();
            return _bindings.Receive(_batch);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>How many values each output of a shape has: what <see cref="RunOnDevice"/> writes.</summary>
    /// <returns>batch × bins × frames, or batch × samples.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The engine does not take the shape.</exception>
    public int GetOutputLength(int batch, int frames)
    {
        CheckDeviceShape(batch, frames);
        _use.Enter(this);
        try
        {
            _batch = 0;
            _bindings.SetShape(batch, frames);
            return _bindings.OutputCount;
        }
        finally
        {
            Leave();
        }
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
        _use.Enter(this);
        try
        {
            // The next Run must be prepared anew: shape and addresses are now the caller's.
            _batch = 0;
            _bindings.SetShape(batch, frames);
            _bindings.UseMemory(mel, realOrAudio, imag);
            _bindings.Compute(stream);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Frees context, stream and buffers; while another thread is inside, as soon as it is out.</summary>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    private void RunSequence()
    {
        try
        {
            _bindings.Upload(_stream);
            _bindings.Compute(_stream);
            _bindings.Download(_stream);
            _stream.Synchronize();
        }
        catch
        {
            // Nothing may still run on buffers that the caller will write or free.
            Drain();
            throw;
        }
    }

    private void Drain()
    {
        try
        {
            _stream.Synchronize();
        }
        catch (TrtVocoderException)
        {
            // The first failure is what the caller must hear of.
        }
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

    private void Leave()
    {
        if (_use.Leave())
            Free();
    }

    private void Free()
    {
        Drain();
        _bindings.Dispose();
        _stream.Dispose();
        _cuda.Dispose();
    }
}
