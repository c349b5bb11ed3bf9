namespace TrtVocoder.Dsp;

/// <summary>The memory order of one item's spectrum.</summary>
public enum SpectrumLayout
{
    /// <summary>[bins, frames]: all frames of one frequency bin lie together, as PyTorch's STFT returns them.</summary>
    BinsMajor,

    /// <summary>[frames, bins]: all bins of one frame lie together, as the network computes them and FFTW wants them.</summary>
    FrameMajor,
}
