namespace TrtVocoder.Plotting;

/// <summary>A font for plots. Skia's build without dependencies finds none by itself, so that a file is looked for.</summary>
internal static class PlotFont
{
    /// <summary>What to say where there is none.</summary>
    public const string MissingNote = "No font was found, so pictures carry no text: run 'apt-get install fonts-dejavu-core' (Debian, Ubuntu).";

    private static readonly string[] Candidates =
    [
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
        "/usr/share/fonts/TTF/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
        "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
        "/usr/share/fonts/truetype/freefont/FreeSans.ttf",
        "/System/Library/Fonts/Supplemental/Arial.ttf",
        @"C:\Windows\Fonts\arial.ttf",
    ];

    /// <summary>The font's file; TRTV_FONT names another. Null when there is none: plots then carry no text.</summary>
    public static string? Path { get; } =
        Environment.GetEnvironmentVariable("TRTV_FONT") is { Length: > 0 } given ? (File.Exists(given) ? given : null) : Array.Find(Candidates, File.Exists);
}
