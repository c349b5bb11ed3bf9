using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>
/// What one decoder runs with: an execution context, the shape set in it, and the memory its tensors are bound to. Knows nothing of the
/// order in which copies and runs are enqueued; that is the decoder's. One thread at a time.
/// </summary>
internal sealed class TrtBindings : IDisposable
{
    private readonly CudaContext _cuda;
    private readonly TrtExecutionContext _context;
    private readonly EngineTensors _network;
    private readonly TrtTensorBuffer _mel;
    private readonly TrtTensorBuffer _first;
    private readonly TrtTensorBuffer? _second;
    private readonly List<TrtTensorBuffer> _others;
    private readonly int[] _otherCounts;
    private bool _isBoundElsewhere = true;

    /// <summary>Takes both over.</summary>
    public TrtBindings(CudaContext cuda, TrtExecutionContext context, EngineTensors network, bool isMapped)
    {
        _cuda = cuda;
        _context = context;
        _network = network;
        CopiesData = !isMapped;
        _mel = new TrtTensorBuffer(network.Mel, isMapped);
        _first = new TrtTensorBuffer(network.RealOrAudio, isMapped);
        _second = network.Imag is null ? null : new TrtTensorBuffer(network.Imag, isMapped);
        _others = [.. network.OtherOutputs.Select(tensor => new TrtTensorBuffer(tensor, isMapped))];
        _otherCounts = new int[_others.Count];
    }

    /// <summary>Items that the engine runs; 0 before a shape is set, or after setting one failed.</summary>
    public int Batch { get; private set; }

    /// <summary>Frames an item.</summary>
    public int Frames { get; private set; }

    /// <summary>Samples an item of a waveform; 0 for spectra.</summary>
    public int Samples { get; private set; }

    /// <summary>Bytes of all buffers on the GPU, and of host memory that the GPU sees.</summary>
    public (long Device, long Host) MemoryBytes
    {
        get
        {
            (long device, long host) = (0, 0);
            foreach (TrtTensorBuffer? buffer in (TrtTensorBuffer?[])[_mel, _first, _second, .. _others])
            {
                device += buffer?.MemoryBytes.Device ?? 0;
                host += buffer?.MemoryBytes.Host ?? 0;
            }
            return (device, host);
        }
    }

    /// <summary>Whether a run copies anything; mapped buffers need no copy.</summary>
    public bool CopiesData { get; }

    /// <summary>Values of the mel.</summary>
    public int MelCount { get; private set; }

    /// <summary>Values of one output.</summary>
    public int OutputCount { get; private set; }

    /// <summary>Sets the shape, unless it is set already. True when it changed: the next run will be slow.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="DataFormatException">The outputs' shapes are not what the model is said to be.</exception>
    public bool SetShape(int batch, int frames)
    {
        if (batch == Batch && frames == Frames)
            return false;
        Batch = 0;
        Frames = 0;
        _context.SetInputShape(_network.Mel, batch, _network.Metadata.MelCount, frames);
        (OutputCount, Samples) = _network.GetOutputSize(_context, batch, frames);
        for (int i = 0; i < _otherCounts.Length; i++)
            _otherCounts[i] = _network.GetCount(_context, _others[i].Tensor);
        MelCount = checked(batch * _network.Metadata.MelCount * frames);
        (Batch, Frames) = (batch, frames);
        return true;
    }

    /// <summary>Makes room for the shape in memory of our own, and points the engine to it.</summary>
    /// <exception cref="CudaException">Memory is used up.</exception>
    public void UseOwnMemory()
    {
        // Until all are pointed to, none counts as such: a failure in between is mended by the next call.
        bool all = _isBoundElsewhere;
        _isBoundElsewhere = true;
        Point(_mel, MelCount, all);
        Point(_first, OutputCount, all);
        if (_second is not null)
            Point(_second, OutputCount, all);
        for (int i = 0; i < _others.Count; i++)
            Point(_others[i], _otherCounts[i], all);
        _isBoundElsewhere = false;
    }

    /// <summary>Points the engine to the caller's device memory instead.</summary>
    /// <exception cref="ArgumentException">An address is not aligned.</exception>
    public void UseMemory(nint mel, nint realOrAudio, nint imag)
    {
        _isBoundElsewhere = true;
        _context.SetAddress(_network.Mel, mel);
        _context.SetAddress(_network.RealOrAudio, realOrAudio);
        if (_network.Imag is not null)
            _context.SetAddress(_network.Imag, imag);
        for (int i = 0; i < _others.Count; i++)
            Point(_others[i], _otherCounts[i], all: true);
    }

    /// <summary>The mel's values, to be written.</summary>
    public Span<float> GetMel(int count) => _mel.GetValues(count);

    /// <summary>Brings the mel into the engine's type; before <see cref="Enqueue"/>.</summary>
    public void Send() => _mel.Send(MelCount);

    /// <summary>Enqueues copy to the GPU, engine, and copies to the host. The same calls serve a stream that is being recorded.</summary>
    public void Enqueue(CudaStream stream, TrtRunTimer? timer, bool isRecording = false)
    {
        timer?.Mark(TrtRunTimer.Moment.Start, stream, isRecording);
        _mel.Upload(stream, MelCount);
        timer?.Mark(TrtRunTimer.Moment.ComputeStart, stream, isRecording);
        timer?.EnqueueBegins();
        _context.Enqueue(stream);
        timer?.EnqueueEnds();
        timer?.Mark(TrtRunTimer.Moment.ComputeEnd, stream, isRecording);
        _first.Download(stream, OutputCount);
        _second?.Download(stream, OutputCount);
        timer?.Mark(TrtRunTimer.Moment.End, stream, isRecording);
    }

    /// <summary>Enqueues the engine alone on the caller's stream.</summary>
    public void Compute(nint stream) => _context.Enqueue(stream);

    /// <summary>Hands the layer times of the last run over.</summary>
    public void ReportLayers() => _context.ReportLayers();

    /// <summary>The results, once the stream is done.</summary>
    /// <param name="batch">Items asked for; an engine of a fixed batch may have run more.</param>
    public DecoderOutput Receive(int batch)
    {
        int count = OutputCount / Batch * batch;
        _first.Receive(count);
        if (_second is null)
            return DecoderOutput.FromAudio(_first.GetValues(count), Samples);
        _second.Receive(count);
        return DecoderOutput.FromSpectrum(_first.GetValues(count), _second.GetValues(count), _network.Metadata.Layout, _network.BinCount, Frames);
    }

    /// <summary>Frees everything; what was enqueued must be done.</summary>
    public void Dispose()
    {
        _context.Dispose();
        _mel.Dispose();
        _first.Dispose();
        _second?.Dispose();
        foreach (TrtTensorBuffer other in _others)
            other.Dispose();
    }

    private void Point(TrtTensorBuffer buffer, int count, bool all)
    {
        // TensorRT wants an address even for an empty output.
        if (buffer.Reserve(_cuda, Math.Max(1, count)) || all)
            _context.SetAddress(buffer.Tensor, buffer.Address);
    }
}
