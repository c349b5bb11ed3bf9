using ScottPlot;

namespace TrtVocoder.Plotting;

/// <summary>What all pictures have in common. Only pictures use ScottPlot, so that nothing else loads it.</summary>
internal static class Pictures
{
    private const string FontName = "plot";

    /// <summary>Makes ScottPlot use the font that was found; before the first plot.</summary>
    /// <exception cref="NativeLibraryException">A library that draws was cut off, or is another.</exception>
    public static void UseFont()
    {
        PlotLibraries.Require();
        if (PlotFont.Path is not { } font)
            return;
        Fonts.AddFontFile(FontName, font, bold: false, italic: false);
        Fonts.AddFontFile(FontName, font, bold: true, italic: false);
        Fonts.Default = FontName;
    }

    /// <summary>Titles a plot and its axes. Without a font Skia draws empty boxes: better no text at all.</summary>
    public static void Label(Plot plot, string? title, string x, string y)
    {
        if (PlotFont.Path is null)
        {
            plot.Axes.Frameless();
            return;
        }
        if (title is not null)
            plot.Title(title);
        plot.XLabel(x);
        plot.YLabel(y);
    }
}
