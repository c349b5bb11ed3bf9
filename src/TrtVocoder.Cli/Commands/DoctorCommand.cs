using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Files;
using TrtVocoder.Plotting;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>doctor</c>: what is installed, what is missing, what to do.</summary>
internal static class DoctorCommand
{
    private const string Examples = """
        trtvocoder doctor
        trtvocoder doctor --json
        """;

    public static string Define(Command command)
    {
        CommandLine.SetAction(command, (_, output) =>
        {
            List<DoctorCheck> checks = [.. CheckAll()];
            int width = checks.Max(check => check.Name.Length);
            foreach (DoctorCheck check in checks)
                output.Line($"{check.Mark}  {check.Name.PadRight(width)}  {check.Text}");
            bool works = checks.TrueForAll(check => check.IsFound || !check.IsRequired);
            bool engines = Found("GPU") && Found("TensorRT") && Found("shim");
            output.Line(works ? "Decoding on the CPU works." : "Decoding on the CPU does not work yet; see 'missing' above.");
            output.Line(engines ? "Engines can be run." : "Engines cannot be run here; see 'optional' above.");
            output.Json(writer =>
            {
                writer.WriteBoolean("cpuWorks", works);
                writer.WriteBoolean("enginesWork", engines);
                writer.WriteStartArray("checks");
                foreach (DoctorCheck check in checks)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", check.Name);
                    writer.WriteBoolean("found", check.IsFound);
                    writer.WriteBoolean("required", check.IsRequired);
                    writer.WriteString("text", check.Text);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            });
            return works ? ExitCode.Success : ExitCode.MissingLibrary;

            bool Found(string kind) => checks.Exists(check => check.IsFound && check.Name.StartsWith(kind, StringComparison.Ordinal));
        });
        return Examples;
    }

    private static IEnumerable<DoctorCheck> CheckAll()
    {
        yield return new DoctorCheck(
            "trtvocoder", IsRequired: true, IsFound: true,
            $"{CommandLine.Version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} cores");
        yield return CheckLibrary(LibraryLoader.Fftw, isRequired: true, FftwVersion, "spectra and samples");
        yield return CheckOnnxRuntime();
        yield return CheckLibrary(LibraryLoader.Soxr, isRequired: false, _ => Resampler.TryGetVersion(), "WAV files of other sample rates");
        yield return PlotFont.Path is { } font
            ? new DoctorCheck("font for plots", IsRequired: false, IsFound: true, font)
            : new DoctorCheck("font for plots", IsRequired: false, IsFound: false, "plots carry no text: run 'apt-get install fonts-dejavu-core' (Debian, Ubuntu)");
        // The GPU's libraries are told by the layer that uses them.
        foreach (DoctorCheck check in GpuChecks.All())
            yield return check;
    }

    private static DoctorCheck CheckLibrary(NativeLibraryInfo library, bool isRequired, Func<nint, string?> version, string purpose)
    {
        LoadResult result = LibraryLoader.TryLoad(library);
        string text = result.Loaded ? $"{version(result.Handle)}, {LoadedFiles.PathOf(result.Attempts[^1].Path)} ({purpose})" : result.Describe();
        return new DoctorCheck(library.DisplayName, isRequired, result.Loaded, text);
    }

    // const char fftwf_version[]: "fftw-3.3.10-sse2-avx". Other libraries with FFTW's API need not have it.
    private static string FftwVersion(nint library) =>
        NativeLibrary.TryGetExport(library, "fftwf_version", out nint text) ? Marshal.PtrToStringUTF8(text) ?? "" : "FFTW's API";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DoctorCheck CheckOnnxRuntime()
    {
        try
        {
            return new DoctorCheck("ONNX Runtime", IsRequired: true, IsFound: true, Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString() + " (decoding on the CPU)");
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or BadImageFormatException)
        {
            return new DoctorCheck(
                "ONNX Runtime", IsRequired: true, IsFound: false, "libonnxruntime is not beside the program: build it again with './build.sh build'");
        }
    }
}
