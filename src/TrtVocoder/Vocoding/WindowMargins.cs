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

    /// <summary>The edges of the windows of a model whose decoders put out <paramref name="signal"/>.</summary>
    public static WindowMargins Of(VocoderMetadata metadata, OutputKind signal, int context)
    {
        if (signal == OutputKind.Spectrum)
            return new WindowMargins(1, context, context);
        // Sample n of the trimmed signal lies under the frames t with t·hop ≤ n + trim < t·hop + n_fft.
        int hop = metadata.HopLength;
        int trim = metadata.Padding == StftPadding.Center ? metadata.FftLength / 2 : (metadata.FftLength - hop + 1) / 2;
        int missing = hop - metadata.GetSampleCount(1);
        return new WindowMargins(
            hop, Math.Max(((context - 1) * hop) + metadata.FftLength - trim, 0), Math.Max((context * hop) + trim, missing));
    }

    /// <summary>Frames from the start of a window of so many frames to the start of the next.</summary>
    public int GetStride(int frames) => frames - LostFrames;
}
