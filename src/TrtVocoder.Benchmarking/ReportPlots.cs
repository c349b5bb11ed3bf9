using System.Globalization;
using ScottPlot;
using TrtVocoder.Plotting;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>The pictures of a report.</summary>
internal static class ReportPlots
{
    private const int TopLayers = 15;
    private const int MaxNameLength = 56;
    private const int LengthClasses = 8;
    private const float Scale = 1.7f;

    private static readonly (string Name, Func<DecodeTimes, double> Ms, string Color)[] Parts =
    [
        ("shape set", decode => decode[DecodePart.ShapeSet], "#7f7f7f"),
        ("host to device", decode => decode[DecodePart.HostToDevice], "#9ecae1"),
        ("compute", decode => decode[DecodePart.Compute], "#3182bd"),
        ("device to host", decode => decode[DecodePart.DeviceToHost], "#08519c"),
        ("inverse STFT", decode => decode[DecodePart.InverseStft], "#fd8d3c"),
        ("other", decode => Math.Max(0, decode.EndToEndMs - decode[DecodePart.ShapeSet] - decode[DecodePart.Latency] - decode[DecodePart.InverseStft]), "#d9d9d9"),
    ];

    /// <summary>All pictures that there is something to draw for.</summary>
    public static IReadOnlyList<Plot> Draw(BenchResult result, LayerReport? layers)
    {
        Pictures.UseFont();
        List<Plot> plots = [];
        (string Label, IReadOnlyList<DecodeTimes> Decodes)[] lengths =
            [.. result.Runs.Where(run => run.Lengths is null && run.Decodes.Count > 0).OrderBy(run => run.Frames).Select(run => (Number(run.Frames!.Value), run.Decodes))];
        if (lengths.Length > 0)
            plots.Add(StackedParts("Where the time goes, by length", lengths));
        foreach (BenchRun replay in result.Runs.Where(run => run.Lengths is not null && run.Decodes.Count > 0))
        {
            plots.Add(StackedParts($"Where the time goes, lengths of {replay.Lengths}", Classify(replay.Decodes)));
            plots.Add(Scatter($"Every call, lengths of {replay.Lengths}", replay));
        }
        if (result.Runs.Any(run => run.Lengths is null && run.Calls.Count > 1))
            plots.Add(Distributions("How times spread, mel to samples", [.. result.Runs.Where(run => run.Lengths is null && run.Calls.Count > 1)], call => call.Ms));
        if (result.Runs.Any(run => run.Lengths is not null && run.Calls.Count > 1))
            plots.Add(Distributions("How times spread, mel to samples per 256 frames", [.. result.Runs.Where(run => run.Lengths is not null && run.Calls.Count > 1)], call => call.Per256Frames));
        if (layers is { Layers.Count: > 0 })
            plots.Add(Layers("Layers that take the most", layers));
        return plots;
    }

    private static Plot StackedParts(string title, (string Label, IReadOnlyList<DecodeTimes> Decodes)[] groups)
    {
        Plot plot = NewPlot();
        double[] bases = new double[groups.Length];
        foreach ((string name, Func<DecodeTimes, double> ms, string color) in Parts)
        {
            double[] means = [.. groups.Select(group => group.Decodes.Average(ms))];
            if (means.Max() <= 0)
                continue;
            ScottPlot.Plottables.BarPlot bars = plot.Add.Bars(
                (Bar[])[.. means.Select((mean, i) => new Bar { Position = i, ValueBase = bases[i], Value = bases[i] + mean, FillColor = Color.FromHex(color), LineWidth = 0, Size = 0.7 })]);
            bars.LegendText = name;
            for (int i = 0; i < means.Length; i++)
                bases[i] += means[i];
        }
        double[] ends = [.. groups.Select(group => group.Decodes.Average(decode => decode.EndToEndMs))];
        ScottPlot.Plottables.Markers markers = plot.Add.Markers(ends.Select((_, i) => (double)i).ToArray(), ends, MarkerShape.FilledDiamond, 9, Colors.Black);
        markers.LegendText = "end to end";
        plot.Axes.Bottom.SetTicks([.. groups.Select((_, i) => (double)i)], [.. groups.Select(group => group.Label)]);
        plot.Axes.SetLimits(-0.6, groups.Length - 0.4, 0, 1.12 * Math.Max(bases.Max(), ends.Max()));
        Legend(plot);
        Pictures.Label(plot, title, "frames", "ms, mean of a call");
        return plot;
    }

    /// <summary>A replay's calls by length, in classes of equal width.</summary>
    private static (string Label, IReadOnlyList<DecodeTimes> Decodes)[] Classify(IReadOnlyList<DecodeTimes> decodes)
    {
        int least = decodes.Min(decode => decode.Frames), width = Math.Max(1, (decodes.Max(decode => decode.Frames) - least + LengthClasses) / LengthClasses);
        return [.. decodes.GroupBy(decode => (decode.Frames - least) / width).OrderBy(group => group.Key).Select(group =>
            (width == 1 ? Number(least + group.Key) : $"{Number(least + (group.Key * width))}–{Number(least + (group.Key * width) + width - 1)}", (IReadOnlyList<DecodeTimes>)[.. group]))];
    }

    private static Plot Scatter(string title, BenchRun replay)
    {
        Plot plot = NewPlot();
        foreach ((string text, bool changed, string color) in ((string, bool, string)[])[("shape ready", false, "#3182bd"), ("shape set", true, "#e6550d")])
        {
            DecodeTimes[] decodes = [.. replay.Decodes.Where(decode => decode.ChangedShape == changed)];
            if (decodes.Length == 0)
                continue;
            ScottPlot.Plottables.Markers markers = plot.Add.Markers(
                decodes.Select(decode => (double)decode.Frames).ToArray(), decodes.Select(decode => decode.EndToEndMs).ToArray(), MarkerShape.FilledCircle, 4, Color.FromHex(color));
            markers.LegendText = text;
        }
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(0, 1.05 * replay.Decodes.Max(decode => decode.EndToEndMs));
        Legend(plot);
        Pictures.Label(plot, title, "frames", "end to end, ms");
        return plot;
    }

    /// <summary>The share of calls that took at most so long. The axis ends a little above the longest p99, or outliers would squeeze the rest.</summary>
    private static Plot Distributions(string title, BenchRun[] runs, Func<TimedCall, double> ms)
    {
        Plot plot = NewPlot();
        (double least, double most) = (double.MaxValue, 0);
        foreach (BenchRun run in runs)
        {
            double[] sorted = [.. run.Calls.Select(ms).Order()];
            (least, most) = (Math.Min(least, sorted[0]), Math.Max(most, TimingStatistics.Percentile(sorted, 99)));
            ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine(
                (double[])[sorted[0], .. sorted], (double[])[0, .. sorted.Select((_, i) => 100.0 * (i + 1) / sorted.Length)]);
            line.Color = plot.Add.Palette.GetColor(Array.FindIndex(runs, other => (other.Frames, other.Lengths) == (run.Frames, run.Lengths)));
            line.ConnectStyle = ConnectStyle.StepHorizontal;
            line.LineWidth = 2;
            line.LinePattern = run.Mode == BenchRun.Pipelined ? LinePattern.Dashed : LinePattern.Solid;
            line.LegendText = run.Title;
        }
        double margin = 0.05 * Math.Max(most - least, 0.05 * most);
        plot.Axes.SetLimits(Math.Max(0, least - margin), most + margin, 0, 102);
        Legend(plot, Alignment.LowerRight);
        Pictures.Label(plot, title, "ms", "% of calls");
        return plot;
    }

    private static Plot Layers(string title, LayerReport report)
    {
        Plot plot = NewPlot();
        LayerTimes[] top = [.. report.Layers.OrderByDescending(layer => layer.TotalMs).Take(TopLayers).Reverse()];
        ScottPlot.Plottables.BarPlot bars = plot.Add.Bars((Bar[])[.. top.Select((layer, i) => new Bar
        {
            Position = i,
            Value = layer.Times.Mean,
            FillColor = Color.FromHex("#3182bd"),
            LineWidth = 0,
            Orientation = Orientation.Horizontal,
            Label = PlotFont.Path is null ? "" : string.Create(CultureInfo.InvariantCulture, $" {layer.Percentage:0.0} %"),
        })]);
        bars.Horizontal = true;
        bars.ValueLabelStyle.FontSize = 11;
        plot.Axes.Left.SetTicks([.. top.Select((_, i) => (double)i)], [.. top.Select(layer => layer.Name.Length <= MaxNameLength ? layer.Name : "…" + layer.Name[^(MaxNameLength - 1)..])]);
        plot.Axes.SetLimits(0, 1.15 * top.Max(layer => layer.Times.Mean), -0.6, top.Length - 0.4);
        Pictures.Label(plot, title, "ms, mean of a run", "");
        return plot;
    }

    private static Plot NewPlot()
    {
        Plot plot = new() { ScaleFactor = Scale };
        plot.Grid.MajorLineColor = Color.FromHex("#ececec");
        return plot;
    }

    private static void Legend(Plot plot, Alignment alignment = Alignment.UpperLeft)
    {
        if (PlotFont.Path is not null)
            plot.ShowLegend(alignment);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
