using System.Globalization;
using ScottPlot;

namespace TrtVocoder.Benchmarks;

/// <summary>The pictures of docs/benchmarks.md.</summary>
internal static class Chart
{
    private const string FontFile = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    private const int Width = 800;

    /// <summary>Horizontal bars, the first at the top, each with its value.</summary>
    public static void Bars(string path, string title, string unit, IReadOnlyList<(string Name, double Value)> values)
    {
        Plot plot = Create(title);
        int count = values.Count;
        Bar[] all = [.. values.Select((value, i) => new Bar
        {
            Position = count - i,
            Value = value.Value,
            Orientation = Orientation.Horizontal,
            Label = value.Value.ToString(value.Value < 100 ? "G3" : "F0", CultureInfo.InvariantCulture),
            FillColor = Colors.SteelBlue,
            LineWidth = 0,
        })];
        plot.Add.Bars(all).Horizontal = true;
        plot.Axes.Left.SetTicks([.. values.Select((_, i) => (double)(count - i))], [.. values.Select(value => value.Name)]);
        plot.Axes.SetLimits(0, 1.15 * values.Max(value => value.Value), 0.3, count + 0.7);
        plot.XLabel(unit);
        plot.HideGrid();
        plot.SavePng(path, Width, 90 + (26 * count));
    }

    /// <summary>One panel beside the other, each a line through points.</summary>
    public static void Lines(string path, params (string Title, string X, string Y, double[] Xs, double[] Ys, double Top)[] panels)
    {
        Multiplot multiplot = new();
        multiplot.AddPlots(panels.Length);
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Grid(1, panels.Length);
        for (int i = 0; i < panels.Length; i++)
        {
            Plot plot = multiplot.GetPlot(i);
            Create(panels[i].Title, plot);
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(panels[i].Xs, panels[i].Ys);
            line.Color = Colors.SteelBlue;
            line.LineWidth = 2;
            line.MarkerSize = 6;
            plot.Axes.SetLimits(0, 1.05 * panels[i].Xs.Max(), 0, panels[i].Top);
            plot.XLabel(panels[i].X);
            plot.YLabel(panels[i].Y);
        }
        multiplot.SavePng(path, Width, 320);
    }

    private static Plot Create(string title, Plot? plot = null)
    {
        // Skia brings no font of its own here, and without one it draws empty boxes.
        if (File.Exists(FontFile) && Fonts.Default != "plot")
        {
            Fonts.AddFontFile("plot", FontFile, bold: false, italic: false);
            Fonts.AddFontFile("plot", FontFile, bold: true, italic: false);
            Fonts.Default = "plot";
        }
        plot ??= new Plot();
        plot.Title(title, 14);
        return plot;
    }
}
