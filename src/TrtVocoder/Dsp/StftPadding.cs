namespace TrtVocoder.Dsp;

/// <summary>How the ends of a signal are treated by the (inverse) short-time Fourier transform, in upstream Vocos' words.</summary>
public enum StftPadding
{
    /// <summary>Frames are centred on multiples of the hop; n_fft/2 samples are cut from each end (torch.istft, center=True).</summary>
    Center,

    /// <summary>(n_fft − hop)/2 samples are cut from each end, so T frames give T·hop samples (Vocos' own ISTFT, padding="same").</summary>
    Same,
}
