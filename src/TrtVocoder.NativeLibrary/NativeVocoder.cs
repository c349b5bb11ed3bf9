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

    /// <summary>Fills everything but the size in.</summary>
    public void Describe(NativeInfo* info)
    {
        (DecoderInfo facts, VocoderMetadata metadata) = (Vocoder.Info, Vocoder.Metadata);
        info->SampleRate = metadata.SampleRate;
        info->MelCount = metadata.MelCount;
        info->FftLength = metadata.FftLength;
        info->HopLength = metadata.HopLength;
        info->Padding = (int)metadata.Padding;
        info->MelFloor = metadata.MelFloor;
        info->ReceptiveFieldFrames = metadata.ReceptiveFieldFrames ?? -1;
        info->MinFrames = facts.MinFrames;
        info->MaxFrames = facts.MaxFrames;
        info->MaxBatch = facts.MaxBatch;
        info->Signal = (int)metadata.Signal;
        info->TakesDevicePointers = Engine is null ? 0 : 1;
        info->DeviceMelType = Engine is null ? -1 : (int)Engine.MelType;
        info->DeviceOutputType = Engine is null ? -1 : (int)Engine.OutputType;
        info->DeviceOutputFrameMajor = metadata.Layout == SpectrumLayout.FrameMajor ? 1 : 0;
        info->Backend = _backend.Pointer;
        info->Notes = _notes.Pointer;
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
