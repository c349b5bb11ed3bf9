namespace TrtVocoder.Vocoding;

/// <summary>Writes mels of fewer frames than a network takes.</summary>
internal static class ShortMel
{
    /// <summary>Puts each row somewhere in a longer one, and repeats its ends on both sides: values that the network is made for.</summary>
    /// <param name="mel">Rows of <paramref name="frames"/> values.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="frames">Values of a row.</param>
    /// <param name="window">Rows of <paramref name="windowFrames"/> values.</param>
    /// <param name="windowFrames">Values of a row of the window.</param>
    /// <param name="at">Where the mel begins in it.</param>
    public static void Fill(ReadOnlySpan<float> mel, int rows, int frames, Span<float> window, int windowFrames, int at)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> from = mel.Slice(row * frames, frames);
            Span<float> to = window.Slice(row * windowFrames, windowFrames);
            to[..at].Fill(from[0]);
            from.CopyTo(to[at..]);
            to[(at + frames)..].Fill(from[^1]);
        }
    }
}
