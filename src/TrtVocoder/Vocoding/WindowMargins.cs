using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The part of a window's result that is right: all but the margins at its edges. Results are counted in units: frames of a spectrum,
/// samples of a waveform.
/// </summary>
/// <param name="UnitsPerFrame">1 for spectra, the hop for waveforms.</param>
/// <param name="LeadUnits">Units at a cut start that are not right.</param>
/// <param name="TailUnits">Units by which the right part at a cut end falls short of frames × <paramref name="UnitsPerFrame"/>.</param>
internal readonly record struct WindowMargins(int UnitsPerFrame, int LeadUnits, int TailUnits)
{
    /// <summary>Frames by which two neighbouring windows overlap at least.</summary>
    public int LostFrames => (LeadUnits + TailUnits + UnitsPerFrame - 1) / UnitsPerFrame;

    /// <summary>The edges of a model's windows.</summary>
    /// <param name="metadata">The model.</param>
    /// <param name="signal">What its decoders put out.</param>
    /// <param name="field">The frames that one of its frames of features depends on.</param>
    public static WindowMargins Of(VocoderMetadata metadata, OutputKind signal, ReceptiveField field)
    {
        if (signal == OutputKind.Spectrum)
            return new WindowMargins(1, field.Left, field.Right);
        // Sample n of the trimmed signal lies under the frames t with t·hop ≤ n + trim < t·hop + n_fft.
        int hop = metadata.HopLength;
        int trim = metadata.Padding == StftPadding.Center ? metadata.FftLength / 2 : (metadata.FftLength - hop + 1) / 2;
        return new WindowMargins(
            hop, Math.Max(((field.Left - 1) * hop) + metadata.FftLength - trim, 0),
            Math.Max((field.Right * hop) + trim, GetMissing(metadata)));
    }

    /// <summary>The edges where the field was measured in the samples that the network puts out, its own inverse STFT included.</summary>
    public static WindowMargins Measured(VocoderMetadata metadata, ReceptiveField field) => new(
        metadata.HopLength, field.Left * metadata.HopLength, Math.Max(field.Right * metadata.HopLength, GetMissing(metadata)));

    private static int GetMissing(VocoderMetadata metadata) => metadata.HopLength - metadata.GetSampleCount(1);

    /// <summary>Frames from the start of a window of so many frames to the start of the next.</summary>
    public int GetStride(int frames) => frames - LostFrames;
}
