using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Dsp;
using TrtVocoder.Files;
using TrtVocoder.OnnxRuntime;
using TrtVocoder.Plotting;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>doctor</c>: what is installed, what is missing, what to do.</summary>
internal sealed class DoctorCommand : CliCommand
{
    public override string Examples => """
        trtvocoder doctor
        trtvocoder doctor --json
        """;

    public override IEnumerable<Symbol> Symbols => [];

    public override CommandResult Run(CommandCall call) => new DoctorResult([.. CheckAll()]);

    private static IEnumerable<DoctorCheck> CheckAll()
    {
        yield return new DoctorCheck(
            "trtvocoder", IsFound: true, IsRequired: true,
            $"{ProgramVersion.Text}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, "
                + $"{Environment.ProcessorCount} cores");
        yield return CheckLibrary(LibraryLoader.Fftw, isRequired: true, FftwVersion, "spectra and samples", TryTransforms);
        yield return CheckOnnxRuntime();
        yield return CheckLibrary(
            LibraryLoader.Soxr, isRequired: false, _ => Resampler.TryGetVersion(), "WAV files of other sample rates", TryResampling);
        yield return CheckSkia();
        yield return PlotFont.Path is { } font
            ? new DoctorCheck("font for plots", IsFound: true, IsRequired: false, font)
            : new DoctorCheck("font for plots", IsFound: false, IsRequired: false,
                "plots carry no text: run 'apt-get install fonts-dejavu-core' (Debian, Ubuntu)");
        // The GPU's libraries are told by the layer that uses them.
        foreach (DoctorCheck check in GpuChecks.All())
            yield return check;
    }

    // A library that is found may still be another one by that name: it is tried.
    private static DoctorCheck CheckLibrary(
        NativeLibraryInfo library, bool isRequired, Func<nint, string?> version, string purpose, Action attempt)
    {
        LoadResult result = LibraryLoader.TryLoad(library);
        if (!result.Loaded)
            return new DoctorCheck(library.DisplayName, IsFound: false, isRequired, result.Describe());
        string path = LoadedFiles.PathOf(result.Attempts[^1].Path);
        try
        {
            attempt();
            return new DoctorCheck(library.DisplayName, IsFound: true, isRequired, $"{version(result.Handle)}, {path} ({purpose})");
        }
        catch (TrtVocoderException error)
        {
            return new DoctorCheck(library.DisplayName, IsFound: false, isRequired,
                $"{path} was found, but does not work: {error.Message}");
        }
    }

    // To spectra and back by the sizes of the published model.
    private static void TryTransforms()
    {
        const float Tolerance = 1e-3f;
        StftParameters parameters = SpeechInput.Vocos24Khz.Stft;
        float[] sine = new float[8 * parameters.FftLength];
        for (int i = 0; i < sine.Length; i++)
            sine[i] = MathF.Sin(0.1f * i);
        using Stft stft = new(parameters);
        int frames = stft.GetFrameCount(sine.Length);
        float[] real = new float[frames * parameters.BinCount], imag = new float[frames * parameters.BinCount],
            back = new float[parameters.GetSampleCount(frames)];
        stft.Transform(sine, real, imag);
        using InverseStft inverse = new(parameters);
        inverse.Inverse(new Spectrum(real, imag, SpectrumLayout.FrameMajor, parameters.BinCount, frames), back);
        for (int i = 0; i < back.Length; i++)
            if (!(MathF.Abs(back[i] - sine[i]) < Tolerance))
                throw new TrtVocoderException("a transform and its inverse do not give back what went in");
    }

    private static void TryResampling()
    {
        const int Samples = 4410;
        float[] constant = new float[Samples];
        Array.Fill(constant, 1);
        float[] resampled = Resampler.Resample(constant, 44100, 24000);
        if (!(MathF.Abs(resampled[resampled.Length / 2] - 1) < 0.01f))
            throw new TrtVocoderException("a constant signal does not stay constant");
    }

    // const char fftwf_version[]: "fftw-3.3.10-sse2-avx". Other libraries with FFTW's API need not have it.
    private static string FftwVersion(nint library) =>
        NativeLibrary.TryGetExport(library, "fftwf_version", out nint text) ? Marshal.PtrToStringUTF8(text) ?? "" : "FFTW's API";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DoctorCheck CheckSkia()
    {
        const string Name = "Skia";
        try
        {
            return new DoctorCheck(Name, IsFound: true, IsRequired: false, $"{PlotLibraries.Require()} (pictures)");
        }
        catch (NativeLibraryException error)
        {
            return new DoctorCheck(Name, IsFound: false, IsRequired: false, error.Message);
        }
        catch (Exception error) when (error.GetBaseException() is DllNotFoundException)
        {
            return new DoctorCheck(
                Name, IsFound: false, IsRequired: false, "libSkiaSharp is not beside the program, which draws no pictures without it: "
                    + "install it again");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DoctorCheck CheckOnnxRuntime()
    {
        const string Name = "ONNX Runtime";
        try
        {
            return new DoctorCheck(Name, IsFound: true, IsRequired: true, $"{OnnxLibrary.GetVersion()} (decoding on the CPU)");
        }
        catch (NativeLibraryException error)
        {
            return new DoctorCheck(Name, IsFound: false, IsRequired: true, error.Message);
        }
    }
}
