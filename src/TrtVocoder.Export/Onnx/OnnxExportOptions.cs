using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Onnx;

/// <summary>The forms in which one network can be written.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>Number format of the trunk.</summary>
    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Fp32;

    /// <summary>How the layers that mix frames are written.</summary>
    public NetworkForm Form { get; init; } = NetworkForm.Shift;

    /// <summary>Whether the network ends in spectra or in samples.</summary>
    public OutputKind Signal { get; init; } = OutputKind.Spectrum;

    /// <summary>
    /// Memory order of the output spectra; null for the usual <see cref="SpectrumLayout.BinsMajor"/>. Must stay null with
    /// <see cref="OutputKind.Waveform"/>, which puts out no spectra.
    /// </summary>
    public SpectrumLayout? Layout { get; init; }

    /// <summary>
    /// The floor under mel amplitudes that goes into the metadata, 1e-7 (Vocos) or 1e-5 (F5-TTS); null for the config's own.
    /// </summary>
    public float? MelFloor { get; init; }

    /// <summary>
    /// Whether the network keeps state from run to run, so that a mel goes through it piece by piece and each frame is computed once
    /// (<see cref="VocoderMetadata.IsStreaming"/>). It puts out spectra, of one item at a time.
    /// </summary>
    public bool Streaming { get; init; }

    /// <summary>Refuses options that contradict each other.</summary>
    /// <exception cref="TrtVocoderException">They do; the message says which.</exception>
    public void Validate()
    {
        if (Signal == OutputKind.Waveform && Layout is not null)
            throw new TrtVocoderException("A layout was given for a waveform model, which puts out samples and no spectra: leave the "
                + "layout out, or export a spectrum.");
        if (Signal == OutputKind.Waveform && Streaming)
            throw new TrtVocoderException("A streaming model puts out spectra, since the inverse STFT of a piece needs the one before: "
                + "leave waveform out.");
        if (MelFloor is { } floor && !(floor > 0 && float.IsFinite(floor)))
            throw new TrtVocoderException("The mel floor must be a number above 0, such as 1e-7 (Vocos) or 1e-5 (F5-TTS).");
    }
}
