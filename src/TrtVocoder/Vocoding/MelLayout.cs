namespace TrtVocoder.Vocoding;

/// <summary>Memory order of a mel.</summary>
public enum MelLayout
{
    /// <summary>[n_mels, frames]: all frames of band 0, then of band 1, …, as networks take it.</summary>
    BandsMajor,

    /// <summary>[frames, n_mels]: all bands of frame 0, then of frame 1, …, as most acoustic models put it out.</summary>
    FrameMajor,
}
