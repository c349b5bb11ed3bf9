using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>A run's frames of a longer input, and what is taken from its result.</summary>
/// <param name="Start">Where it begins, in frames; before the input where that is shorter and lies at the window's end.</param>
/// <param name="Frames">Frames of it.</param>
/// <param name="Begin">First result taken: frames of a spectrum, samples of a waveform, counted in the whole input.</param>
/// <param name="End">End of the results taken, exclusive.</param>
internal readonly record struct MelWindow(int Start, int Frames, int Begin, int End)
{
    /// <summary>The windows of one input, from its start to its end.</summary>
    /// <param name="plan">Their lengths.</param>
    /// <param name="frames">Frames of the input.</param>
    /// <param name="units">Frames of its spectrum, or samples of its waveform.</param>
    public static MelWindow[] Cut(WindowPlan plan, int frames, int units)
    {
        WindowCursor cursor = new(plan.Frames.Count);
        List<MelWindow> windows = [];
        cursor.Reset(plan, frames, units);
        while (cursor.MoveNext())
            windows.Add(new MelWindow(cursor.Start, cursor.Frames, cursor.Begin, cursor.End));
        return [.. windows];
    }

    /// <summary>Writes a window's part of every row of the input.</summary>
    /// <param name="mel">Rows of <paramref name="frames"/> values.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="frames">Values of a row.</param>
    /// <param name="start">Where the window begins in it.</param>
    /// <param name="window">Rows of <paramref name="windowFrames"/> values.</param>
    /// <param name="windowFrames">Values of a row of the window.</param>
    public static void Copy(ReadOnlySpan<float> mel, int rows, int frames, int start, Span<float> window, int windowFrames)
    {
        if (windowFrames == frames)
        {
            mel.CopyTo(window);
        }
        else if (windowFrames > frames)
        {
            ShortMel.Fill(mel, rows, frames, window, windowFrames, -start);
        }
        else
        {
            for (int row = 0; row < rows; row++)
                mel.Slice((row * frames) + start, windowFrames).CopyTo(window[(row * windowFrames)..]);
        }
    }
}
