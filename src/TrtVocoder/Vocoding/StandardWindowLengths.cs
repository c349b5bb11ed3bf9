using System.Numerics;

namespace TrtVocoder.Vocoding;

/// <summary>The lengths of the library's choice: few, and so close together that two windows cover every input up to the longest one.</summary>
internal static class StandardWindowLengths
{
    private const int Shortest = 64;
    private const int Longest = 1024;

    // TensorRT's kernels work on tiles of 8 frames and more.
    private const int Step = 8;

    /// <summary>Lengths from at least <paramref name="least"/> to at most <paramref name="most"/> frames; empty where not even one fits.</summary>
    public static int[] Make(int least, int most, WindowMargins edges)
    {
        most = Math.Min(most, Math.Max(Longest, least));
        int lost = edges.LostFrames;
        int length = RoundUp(Math.Max(Math.Max(Shortest, least), lost + Step));
        if (length > most)
            return edges.GetStride(most) >= 1 && most >= least ? [most] : [];
        List<int> lengths = [length];
        while (length < most)
        {
            // An input just short of the next length is covered by two windows of this one.
            int coverable = Math.Min((2 * length) - lost + 1, most);
            length = FindRound(length, coverable) ?? Math.Min(Math.Max(coverable / Step * Step, length + Step), most);
            lengths.Add(length);
        }
        return [.. lengths];
    }

    /// <summary>The next power of two, or one and a half times one, as engines are tuned for and callers like to ask for.</summary>
    private static int? FindRound(int above, int most)
    {
        int power = (int)BitOperations.RoundUpToPowerOf2((uint)above + 1);
        int half = power / 4 * 3;
        return half > above && half <= most ? half : power <= most ? power : null;
    }

    private static int RoundUp(int frames) => (frames + Step - 1) / Step * Step;
}
