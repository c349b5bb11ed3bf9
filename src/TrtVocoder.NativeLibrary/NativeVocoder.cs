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
        if (_users.Leave())
            Vocoder.Dispose();
    }
}
