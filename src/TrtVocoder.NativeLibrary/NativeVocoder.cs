using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>A vocoder that C holds, kept until it and all its sessions are destroyed. Safe for use by many threads.</summary>
internal sealed unsafe class NativeVocoder
{
    private readonly NativeText _backend;
    private readonly NativeText _notes;
    private readonly Dictionary<int, HostCopies> _copies = [];
    private UseCount _users;

    public NativeVocoder(Vocoder vocoder)
    {
        Vocoder = vocoder;
        _backend = new NativeText(vocoder.Info.Backend);
        _notes = new NativeText(string.Join('\n', vocoder.Info.Notes));
    }

    public Vocoder Vocoder { get; }

    /// <summary>The engine; null where the model is none.</summary>
    public TrtDecoderModel? Engine => Vocoder.Model as TrtDecoderModel;

    /// <summary>Everything but the size.</summary>
    public NativeInfo Describe()
    {
        (DecoderInfo facts, VocoderMetadata metadata) = (Vocoder.Info, Vocoder.Metadata);
        return new NativeInfo
        {
            SampleRate = metadata.SampleRate,
            MelCount = metadata.MelCount,
            FftLength = metadata.FftLength,
            HopLength = metadata.HopLength,
            Padding = (int)metadata.Padding,
            MelFloor = metadata.MelFloor,
            ReceptiveFieldFrames = metadata.ReceptiveFieldFrames ?? -1,
            MinFrames = facts.MinFrames,
            MaxFrames = facts.MaxFrames,
            MaxBatch = facts.MaxBatch,
            Signal = (int)metadata.Signal,
            TakesDevicePointers = Engine is null ? 0 : 1,
            DeviceMelType = Engine is null ? -1 : (int)Engine.MelType,
            DeviceOutputType = Engine is null ? -1 : (int)Engine.OutputType,
            DeviceOutputFrameMajor = metadata.Layout == SpectrumLayout.FrameMajor ? 1 : 0,
            Backend = _backend.Pointer,
            Notes = _notes.Pointer,
            DeviceMelFrameMajor = Engine is { IsFrameMajorMel: true } ? 1 : 0,
            KeepsState = metadata.IsStreaming ? 1 : 0,
        };
    }

    /// <summary>Copies from a GPU's memory.</summary>
    /// <exception cref="NotSupportedException">The model does not run on a GPU.</exception>
    /// <exception cref="ArgumentException">It was destroyed, or there is no such GPU's number or address.</exception>
    /// <exception cref="CudaException">There is no such GPU, or the driver refused.</exception>
    public void CopyFromDevice(int device, ulong source, Span<byte> destination)
    {
        Join();
        try
        {
            if (GetCopies(device, source, destination.Length) is { } copies)
                copies.ToHost(source, destination);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Copies to a GPU's memory. Errors are those of the other way.</summary>
    public void CopyToDevice(int device, ReadOnlySpan<byte> source, ulong destination)
    {
        Join();
        try
        {
            if (GetCopies(device, destination, source.Length) is { } copies)
                copies.ToDevice(source, destination);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Joins those who use it.</summary>
    /// <exception cref="ArgumentException">It was destroyed.</exception>
    public void Join()
    {
        if (!_users.TryJoin())
            throw new ArgumentException("The vocoder was destroyed.");
    }

    /// <summary>Leaves; the last one disposes.</summary>
    public void Leave()
    {
        if (!_users.Leave())
            return;
        foreach (HostCopies copies in _copies.Values)
            copies.Dispose();
        Vocoder.Dispose();
    }

    // Null where there is nothing to copy.
    private HostCopies? GetCopies(int device, ulong address, int bytes)
    {
        if (Engine is null)
            throw new NotSupportedException(
                $"GPU memory is copied for an engine's model alone; this one runs on the CPU ({Vocoder.Info.Backend}).");
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        if (bytes == 0)
            return null;
        if (address == 0)
            throw new ArgumentException("The address in the GPU's memory is 0.");
        lock (_copies)
        {
            if (!_copies.TryGetValue(device, out HostCopies? copies))
                _copies.Add(device, copies = new HostCopies(device));
            return copies;
        }
    }
}
