namespace TrtVocoder.Decoding;

/// <summary>How far the change of a mel reaches in the samples that a network puts out, counted from where the change is.</summary>
/// <param name="Before">Samples before the first changed frame that change with it.</param>
/// <param name="After">Samples after the last changed frame that change with it.</param>
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
        int at = split * (expected.Length / frames);
        int first = Change.First(expected, Values(Change.Join(mel, other, frames, split)), 1);
        int last = Change.Last(expected, Values(Change.Join(other, mel, frames, split)), 1);
        return first <= 0 || first >= expected.Length || last < 0 || last >= expected.Length - 1
            ? null
            : new ProbeExtent(at - first, last + 1 - at);

        float[] Values(float[] input) => NetworkAxes.Find(source, runs.Run(input, frames), output).Values is var all
            ? all[..(all.Length / runs.Probe.LeastBatch)]
            : [];
    }
}
