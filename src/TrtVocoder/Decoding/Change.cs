namespace TrtVocoder.Decoding;

/// <summary>Where two results of one network differ.</summary>
internal static class Change
{
    /// <summary>The first unit of <paramref name="width"/> values that differs; the number of units where none does.</summary>
    public static int First(ReadOnlySpan<float> one, ReadOnlySpan<float> other, int width)
    {
        int same = one.CommonPrefixLength(other);
        return same / width;
    }

    /// <summary>The last unit that differs; −1 where none does.</summary>
    public static int Last(ReadOnlySpan<float> one, ReadOnlySpan<float> other, int width)
    {
        int at = one.Length - 1;
        while (at >= 0 && one[at] == other[at])
            at--;
        return at < 0 ? -1 : at / width;
    }

    /// <summary>A mel that is one before a frame, and another from there on.</summary>
    /// <param name="before">[bands, frames].</param>
    /// <param name="after">[bands, frames].</param>
    /// <param name="frames">Frames of both.</param>
    /// <param name="split">The first frame of the other.</param>
    public static float[] Join(ReadOnlySpan<float> before, ReadOnlySpan<float> after, int frames, int split)
    {
        float[] joined = after.ToArray();
        for (int row = 0; row < joined.Length; row += frames)
            before.Slice(row, split).CopyTo(joined.AsSpan(row));
        return joined;
    }
}
