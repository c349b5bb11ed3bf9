namespace TrtVocoder.Decoding;

/// <summary>How far the change of a mel reaches in a network's output, in values a frame apart from where the change is.</summary>
/// <param name="Before">Values before the first changed frame that change with it: what a frame depends on to its right.</param>
/// <param name="After">Values after the last changed frame that change with it: what a frame depends on to its left.</param>
internal readonly record struct ProbeExtent(int Before, int After)
{
    /// <summary>
    /// Runs three mels: one, one that differs from it from frame <paramref name="split"/> on, and one that differs before it.
    /// </summary>
    /// <returns>Null where the change reaches an end of the output, so that how far it would reach is not known.</returns>
    /// <exception cref="TrtVocoderException">The network cannot run it.</exception>
    public static ProbeExtent? Ask(string source, ProbeRuns runs, string output, int frames, int split)
    {
        float[] mel = runs.MakeMel(frames, 1);
        float[] other = runs.MakeMel(frames, 2);
        float[] expected = Values(mel);
        int samples = expected.Length;
        int units = samples / frames;
        int first = FirstDifference(expected, Values(Join(mel, other)));
        int last = LastDifference(expected, Values(Join(other, mel)));
        if (first <= 0 || last >= samples - 1 || last < 0 || first >= samples)
            return null;
        return new ProbeExtent((split * units) - first, last + 1 - (split * units));

        float[] Values(float[] input) => NetworkAxes.Find(source, runs.Run(input, frames), output).Values is var all
            ? all[..(all.Length / runs.Probe.LeastBatch)]
            : [];

        // Of one mel before the split, of another from there on.
        float[] Join(float[] before, float[] after)
        {
            float[] joined = new float[before.Length];
            for (int i = 0; i < joined.Length; i++)
                joined[i] = i % frames < split ? before[i] : after[i];
            return joined;
        }
    }

    private static int FirstDifference(float[] one, float[] other)
    {
        for (int i = 0; i < one.Length; i++)
            if (one[i] != other[i])
                return i;
        return one.Length;
    }

    private static int LastDifference(float[] one, float[] other)
    {
        for (int i = one.Length - 1; i >= 0; i--)
            if (one[i] != other[i])
                return i;
        return -1;
    }
}
