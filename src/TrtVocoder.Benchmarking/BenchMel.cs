namespace TrtVocoder.Benchmarking;

/// <summary>
/// The mels that are decoded: noise with the mean and the spread of speech's natural-log mel amplitudes (2.5 · N(0, 1) − 5), the same in every
/// run. tests/baselines decode the same distribution.
/// </summary>
internal static class BenchMel
{
    private const int Seed = 1;
    private const float Mean = -5;
    private const float Deviation = 2.5f;

    /// <summary>As many values as the longest call takes; shorter calls take the first ones.</summary>
    public static float[] Make(int count)
    {
        Random random = new(Seed);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            // Box and Muller's transform.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = Mean + (Deviation * (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }
        return values;
    }
}
