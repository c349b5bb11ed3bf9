namespace TrtVocoder.Decoding;

/// <summary>Writes mels of fewer frames than a network takes.</summary>
internal static class ShortMel
{
    /// <summary>
    /// Puts each row somewhere in a longer one, and mirrors it at its ends until that is full: values that the network is made for. Of
    /// speech of 2 to 45 frames in a network of receptive field 27, that came nearer to a whole decode than repeating the ends, and much
    /// nearer than silence.
    /// </summary>
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
            for (int i = 0; i < to.Length; i++)
                to[i] = from[GetSource(i, frames, at)];
        }
    }

    /// <summary>Which of a mel's frames stands in a window's frame.</summary>
    /// <param name="frame">The window's frame.</param>
    /// <param name="frames">The mel's frames.</param>
    /// <param name="at">Where the mel begins in the window.</param>
    public static int GetSource(int frame, int frames, int at)
    {
        int period = 2 * frames;
        int step = (frame + period - (at % period)) % period;
        return step < frames ? step : period - 1 - step;
    }
}
