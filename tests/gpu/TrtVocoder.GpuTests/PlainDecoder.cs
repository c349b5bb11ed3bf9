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

    /// <summary>Loads an engine for one shape.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames of each.</param>
    /// <param name="mel">What it decodes each time: [batch, n_mels, frames].</param>
    public PlainDecoder(string engine, int batch, int frames, ReadOnlySpan<float> mel)
    {
        string folder = Environment.GetEnvironmentVariable("TRTV_TENSORRT_DIR") ?? throw new InvalidOperationException("TRTV_TENSORRT_DIR names the folder of libnvinfer.so.10.");
        fixed (float* values = mel)
            _handle = plain_open(folder, engine, batch, frames, values, mel.Length);
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

    /// <summary>The latest decode's outputs, one behind the other in the engine's order.</summary>
    public float[] GetOutputs()
    {
        float[] values = new float[plain_outputs(_handle, null, 0)];
        fixed (float* to = values)
            _ = plain_outputs(_handle, to, values.Length);
        return values;
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint plain_open(string tensorrtFolder, string engine, int batch, int frames, float* mel, long melCount);

    [LibraryImport(Library)]
    private static partial int plain_decode(nint handle, int asGraph, int count, double* timesMs);

    [LibraryImport(Library)]
    private static partial long plain_outputs(nint handle, float* values, long count);
}
