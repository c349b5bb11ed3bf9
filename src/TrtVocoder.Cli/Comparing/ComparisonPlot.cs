using ScottPlot;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Decoding;
using TrtVocoder.Plotting;

namespace TrtVocoder.Cli.Comparing;

/// <summary>A picture of two signals: waveforms above, log-mel spectrograms below.</summary>
internal static class ComparisonPlot
{
    private const int Width = 1400;
    private const int Height = 800;

    /// <summary>Draws a PNG.</summary>
    /// <param name="a">The reference.</param>
    /// <param name="b">The other signal, of the same length.</param>
    /// <param name="titles">What to call them.</param>
    /// <param name="metadata">Sample rate and mel parameters.</param>
    public static byte[] Draw(float[] a, float[] b, (string A, string B) titles, VocoderMetadata metadata)
    {
        Pictures.UseFont();
        Mel melA = SpeechInput.ToMel(a, metadata, titles.A), melB = SpeechInput.ToMel(b, metadata, titles.B);
        float peak = Math.Max(a.Max(Math.Abs), b.Max(Math.Abs));
        // Both spectrograms share one scale, so that colours can be compared: 12 nepers (104 dB) below the loudest.
        float top = Math.Max(melA.Values.Max(), melB.Values.Max());

        Multiplot multiplot = new();
        multiplot.AddPlots(4);
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Grid(2, 2);
        Waveform(multiplot.GetPlot(0), a, Path.GetFileName(titles.A.TrimEnd(Path.DirectorySeparatorChar)), metadata.SampleRate, peak);
        Waveform(multiplot.GetPlot(1), b, Path.GetFileName(titles.B.TrimEnd(Path.DirectorySeparatorChar)), metadata.SampleRate, peak);
        Spectrogram(multiplot.GetPlot(2), melA, metadata, top);
        Spectrogram(multiplot.GetPlot(3), melB, metadata, top);
        return multiplot.Render(Width, Height).GetImageBytes(ImageFormat.Png);
    }

    private static void Waveform(Plot plot, float[] samples, string title, int sampleRate, float peak)
    {
        ScottPlot.Plottables.Signal signal = plot.Add.Signal(samples, 1.0 / sampleRate);
        signal.LineWidth = 1;
        plot.Axes.SetLimits(0, (double)samples.Length / sampleRate, -1.05 * peak, 1.05 * peak);
        Pictures.Label(plot, title, "time (s)", "amplitude");
    }

    private static void Spectrogram(Plot plot, Mel mel, VocoderMetadata metadata, float top)
    {
        double[,] values = new double[mel.Bands, mel.Frames];
        for (int band = 0; band < mel.Bands; band++)
            for (int frame = 0; frame < mel.Frames; frame++)
                values[mel.Bands - 1 - band, frame] = mel.Values[(band * mel.Frames) + frame];
        ScottPlot.Plottables.Heatmap heatmap = plot.Add.Heatmap(values);
        heatmap.Colormap = new ScottPlot.Colormaps.Magma();
        heatmap.ManualRange = new ScottPlot.Range(top - 12, top);
        double seconds = (double)mel.Frames * metadata.HopLength / metadata.SampleRate;
        heatmap.Rectangle = new CoordinateRect(0, seconds, 0, mel.Bands);
        plot.Axes.SetLimits(0, seconds, 0, mel.Bands);
        Pictures.Label(plot, null, "time (s)", "mel band");
    }
}
