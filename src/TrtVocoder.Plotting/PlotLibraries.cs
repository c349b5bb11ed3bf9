using SkiaSharp;
using TrtVocoder.Bindings;

namespace TrtVocoder.Plotting;

/// <summary>
/// The native libraries that pictures are drawn with; their own packages find and load them. Safe for use by many threads.
/// </summary>
internal static class PlotLibraries
{
    private const string Name = "Skia";

    private static readonly string[] FileNames = ["libSkiaSharp.so", "libHarfBuzzSharp.so"];

    /// <summary>
    /// Tries Skia before ScottPlot does, which would end in other words or, where a library was cut off, end the process.
    /// </summary>
    /// <returns>Its version.</returns>
    /// <exception cref="NativeLibraryException">A library was cut off, or is another than the program's.</exception>
    /// <exception cref="TypeInitializationException">It is missing: the program is incomplete.</exception>
    public static string Require()
    {
        foreach (string file in FileNames)
            if (LibraryFile.FindDamageBesideProgram(file) is { } damage)
                throw new NativeLibraryException(Name, $"{Name}, which draws pictures, could not be loaded: {damage}.", [file]);
        try
        {
            using SKSurface surface = SKSurface.Create(new SKImageInfo(1, 1));
            return SkiaSharpVersion.Native.ToString();
        }
        catch (Exception error) when (error is TypeInitializationException or EntryPointNotFoundException
            && error.GetBaseException() is not DllNotFoundException)
        {
            throw new NativeLibraryException(
                Name, $"{Name}, which draws pictures, could not be loaded: {FileNames[0]} beside the program is another "
                    + $"than the program's; install it again.", FileNames);
        }
    }
}
