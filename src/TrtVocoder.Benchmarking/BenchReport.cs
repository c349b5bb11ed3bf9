using System.Globalization;
using System.Net;
using System.Text;
using ScottPlot;
using SkiaSharp;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>A report in one file: HTML with its pictures inside, or the pictures alone as a PNG.</summary>
internal static class BenchReport
{
    private const int Width = 1600;
    private const int Height = 760;

    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 1120px; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
        h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin: 2em 0 .4em }
        img { max-width: 100% } code { background: #f4f4f4; padding: .1em .3em }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums } td, th { padding: .15em .8em; border-bottom: 1px solid #e5e5e5; text-align: right }
        td:first-child, th:first-child { text-align: left }
        """;

    /// <summary>The report of a run.</summary>
    /// <param name="isPng">Whether it is the pictures alone.</param>
    /// <param name="result">What was measured.</param>
    /// <param name="layers">The layers' times.</param>
    /// <param name="facts">What was run on what, as lines of text.</param>
    public static byte[] Make(bool isPng, BenchResult result, LayerReport layers, IReadOnlyList<(string Name, string Text)> facts)
    {
        IReadOnlyList<Plot> plots = ReportPlots.Draw(result, layers);
        if (!isPng)
            return Encoding.UTF8.GetBytes(ToHtml(result, layers, facts, plots));
        // One below the other, drawn by Skia: ScottPlot's own Multiplot multiplies the scales of its plots.
        using SKSurface surface = SKSurface.Create(new SKImageInfo(Width, Height * plots.Count));
        for (int i = 0; i < plots.Count; i++)
        {
            using SKImage picture = SKImage.FromEncodedData(Draw(plots[i]));
            surface.Canvas.DrawImage(picture, 0, i * Height);
        }
        using SKImage all = surface.Snapshot();
        using SKData png = all.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static byte[] Draw(Plot plot) => plot.GetImageBytes(Width, Height, ImageFormat.Png);

    private static string ToHtml(BenchResult result, LayerReport layers, IReadOnlyList<(string Name, string Text)> facts, IReadOnlyList<Plot> plots)
    {
        StringBuilder html = new();
        string title = Encode($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(result.Model))} on {result.Device}");
        html.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>\n{Style}\n</style></head><body>\n<h1>{title}</h1>\n<table>\n");
        foreach ((string name, string text) in facts)
            AppendRow(html, "td", name, text);
        html.Append("</table>\n");
        foreach (Plot plot in plots)
            html.Append(CultureInfo.InvariantCulture, $"<p><img alt=\"{Encode(plot.Axes.Title.Label.Text)}\" src=\"data:image/png;base64,{Convert.ToBase64String(Draw(plot))}\"></p>\n");
        foreach (BenchRun run in result.Runs)
            AppendRun(html, run);
        AppendLayers(html, layers);
        return html.Append("</body></html>\n").ToString();
    }

    private static void AppendRun(StringBuilder html, BenchRun run)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Encode(run.Title)}</h2>\n<table>\n");
        AppendRow(html, "th", "ms", "calls", "min", "mean", "median", "p90", "p95", "p99");
        foreach ((string name, BenchSeries series) in run.Series.Where(series => series.Value.Times.Count > 0))
            AppendRow(html, "td", BenchText.Row(SeriesName.ForPeople(name).Trim(), series.Times));
        html.Append("</table>\n<p>");
        html.AppendJoin("<br>", BenchText.Facts(run).Select(Encode));
        html.Append("</p>\n");
    }

    private static void AppendLayers(StringBuilder html, LayerReport layers)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>Layers, {layers.Runs} runs of their own</h2>\n<table>\n");
        AppendRow(html, "th", "layer", "mean ms", "median ms", "%");
        foreach (LayerTimes layer in layers.Layers.OrderByDescending(layer => layer.TotalMs))
            AppendRow(html, "td", layer.Name, BenchText.Ms(layer.Times.Mean), BenchText.Ms(layer.Times.Median), layer.Percentage.ToString("0.0", CultureInfo.InvariantCulture));
        html.Append("</table>\n");
    }

    private static void AppendRow(StringBuilder html, string cell, params string[] texts)
    {
        html.Append("<tr>");
        foreach (string text in texts)
            html.Append(CultureInfo.InvariantCulture, $"<{cell}>{Encode(text)}</{cell}>");
        html.Append("</tr>\n");
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
