using System.Reflection;
using System.Runtime.InteropServices;

namespace TrtVocoder.GpuTests;

/// <summary>The plain C++ (plain_decode.cpp), which lies beside this program.</summary>
internal sealed unsafe partial class PlainDecoder
{
    private const string Library = "plain_decode";
    private readonly nint _handle;

    static PlainDecoder() => NativeLibrary.SetDllImportResolver(
        Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libplain_decode.so")) : 0);

    public PlainDecoder(string engine, int frames)
    {
        string folder = Environment.GetEnvironmentVariable("TRTV_TENSORRT_DIR") ?? throw new InvalidOperationException("TRTV_TENSORRT_DIR names the folder of libnvinfer.so.10.");
        _handle = plain_open(folder, engine, frames);
        if (_handle == 0)
            throw new InvalidOperationException("The plain C++ failed (above).");
    }

    /// <summary>Decodes and takes each decode's time in ms.</summary>
    public void Decode(bool asGraph, Span<double> timesMs)
    {
        fixed (double* times = timesMs)
            if (plain_decode(_handle, asGraph ? 1 : 0, timesMs.Length, times) != 0)
                throw new InvalidOperationException("The plain C++ failed (above).");
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint plain_open(string tensorrtFolder, string engine, int frames);

    [LibraryImport(Library)]
    private static partial int plain_decode(nint handle, int asGraph, int count, double* timesMs);
}
