namespace TrtVocoder.Dsp;

/// <summary>The periodic Hann window, w[n] = 0.5 − 0.5·cos(2πn/N), as torch.hann_window makes it.</summary>
internal static class HannWindow
{
    /// <summary>The window in double precision.</summary>
    public static double[] Create(int length)
    {
        double[] window = new double[length];
        for (int n = 0; n < length; n++)
            window[n] = 0.5 - (0.5 * Math.Cos(2 * Math.PI * n / length));
        return window;
    }
}
