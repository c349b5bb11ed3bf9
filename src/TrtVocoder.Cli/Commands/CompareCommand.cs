using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Comparing;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Files;
using TrtVocoder.Plotting;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>compare</c>: two WAV files, or two models on one input.</summary>
internal static class CompareCommand
{
    private const string Examples = """
        trtvocoder compare speech.wav out.wav --plot compare.png
        trtvocoder compare vocos.onnx vocos-fp16.onnx --input speech.wav
        trtvocoder compare vocos.onnx vocos.engine --input speech.wav
        """;

    // Two recordings of one sound may differ by a hop or two at the end; more than this share is said.
    private const double LengthTolerance = 0.01;

    public static string Define(Command command)
    {
        Argument<string> first = new("A") { Description = "The reference: a WAV file, or a model (.onnx, .engine, checkpoint folder)." };
        Argument<string> second = new("B") { Description = "What is compared with it: likewise." };
        Option<string?> input = new("--input", "-i") { Description = "What both models decode: a mel or a WAV file." };
        Option<string?> plot = new("--plot") { Description = "PNG with both waveforms and mel spectrograms." };
        Option<float?> floor = new("--floor") { Description = "Floor under mel amplitudes for the log-mel distance. Default: 1e-7, or the model's own." };
        Option<bool> transposed = new("--transposed") { Description = "The mel is [frames, bands]." };
        Option<bool> force = new("--force", "-f") { Description = "Replace an existing picture." };
        CommandLine.Add(command, first, second, input, plot, floor, transposed, force);
        EngineOptions engine = new(command);
        CommandLine.SetAction(command, (result, output) =>
        {
            if (result.GetValue(plot) is { } picture)
            {
                if (picture == OutputPath.Standard || !picture.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                    throw CliException.Usage($"--plot {picture}: the name must end in .png.");
                OutputPath.Check(picture, result.GetValue(force), output);
            }
            if (result.GetValue(floor) is { } given && !(given > 0 && float.IsFinite(given)))
                throw CliException.Usage("--floor must be above 0.");
            (string a, string b) = (result.GetValue(first)!, result.GetValue(second)!);
            VocoderOptions options = new() { Model = engine.Hints(result) };
            if (result.GetValue(input) is not null)
                engine.Apply(result, output, a, b);
            (float[] samplesA, float[] samplesB, VocoderMetadata metadata) = result.GetValue(input) is { } source
                ? Decode(a, b, source, options, result.GetValue(transposed), output)
                : Read(a, b, output);
            metadata = metadata with { MelFloor = result.GetValue(floor) ?? metadata.MelFloor };
            Trim(ref samplesA, ref samplesB, (a, b), metadata.SampleRate, output);

            SoundComparison comparison = SoundComparison.Of(samplesA, samplesB, metadata, a);
            if (result.GetValue(plot) is { } path)
            {
                if (PlotFont.Path is null)
                    output.Note(PlotFont.MissingNote);
                Draw(path, result.GetValue(force), samplesA, samplesB, (a, b), metadata);
            }
            Print(output, comparison, samplesA.Length / (double)metadata.SampleRate, metadata);
            if (result.GetValue(plot) is { } drawn)
                output.Line($"picture                  {drawn}");
            output.Json(writer =>
            {
                writer.WriteString("a", a);
                writer.WriteString("b", b);
                writer.WriteNumber("sampleRate", metadata.SampleRate);
                writer.WriteNumber("samples", samplesA.Length);
                writer.WriteNumber("melFloor", metadata.MelFloor);
                comparison.Write(writer);
                if (result.GetValue(plot) is { } file)
                    writer.WriteString("plot", file);
            });
            return ExitCode.Success;
        });
        return Examples;
    }

    private static void Print(CommandOutput output, SoundComparison comparison, double seconds, VocoderMetadata metadata)
    {
        Line($"compared                 {seconds:0.00} s at {metadata.SampleRate} Hz");
        Line($"mean squared error       {comparison.MeanSquaredError:0.000e+00}");
        Line($"signal to noise          {comparison.SignalToNoiseDb:0.00} dB");
        Line($"largest difference       {comparison.MaxAbsoluteError:0.000e+00}");
        Line($"log-mel L1               {comparison.LogMelL1:0.0000}");
        Line($"multi-resolution STFT    {comparison.MultiResolutionStft:0.0000} (convergence {comparison.SpectralConvergence:0.0000}, log magnitude {comparison.LogMagnitudeL1:0.0000})");
        void Line(FormattableString text) => output.Line(text.ToString(CultureInfo.InvariantCulture));
    }

    private static (float[] A, float[] B, VocoderMetadata Metadata) Read(string a, string b, CommandOutput output)
    {
        foreach (string path in (string[])[a, b])
            if (Directory.Exists(path) || Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".engine" or ".plan")
                throw CliException.Usage($"{path} is a model; comparing models needs --input with a mel or WAV file for both to decode.");
        InputFile fileA = InputFile.Read(a), fileB = InputFile.Read(b);
        if (fileA.Kind != InputKind.Wav)
            throw CliException.BadInput($"{fileA.Name} is not a WAV file.");
        int rate = WavFile.Read(fileA.Open(), fileA.Name).SampleRate;
        VocoderMetadata metadata = SpeechInput.Vocos24Khz with { SampleRate = rate };
        return (SpeechInput.Read(fileA, rate, output), SpeechInput.Read(fileB, rate, output), metadata);
    }

    private static (float[] A, float[] B, VocoderMetadata Metadata) Decode(
        string a, string b, string source, VocoderOptions options, bool isTransposed, CommandOutput output)
    {
        InputFile input = InputFile.Read(source);
        (SynthesisResult resultA, VocoderMetadata metadataA) = Decode(a, input, options, isTransposed, output);
        (SynthesisResult resultB, VocoderMetadata metadataB) = Decode(b, input, options, isTransposed, output);
        if (metadataA.SampleRate != metadataB.SampleRate)
            throw CliException.BadInput($"{a} speaks at {metadataA.SampleRate} Hz and {b} at {metadataB.SampleRate} Hz; only models of one sample rate can be compared.");
        foreach ((string name, SynthesisResult result) in ((string, SynthesisResult)[])[(a, resultA), (b, resultB)])
            output.Line(string.Create(CultureInfo.InvariantCulture, $"{name}: {result.Frames} frames decoded in {1000 * result.DecodeSeconds:0.0} ms"));
        return (resultA.Samples, resultB.Samples, metadataA);
    }

    private static (SynthesisResult Result, VocoderMetadata Metadata) Decode(string model, InputFile input, VocoderOptions options, bool isTransposed, CommandOutput output)
    {
        using Vocoder vocoder = ModelSource.Load(model, options, output);
        using VocoderSession session = vocoder.CreateSession();
        return (SynthesisResult.Run(input, vocoder, session, null, isTransposed, output), vocoder.Metadata);
    }

    private static void Trim(ref float[] a, ref float[] b, (string A, string B) names, int sampleRate, CommandOutput output)
    {
        int length = Math.Min(a.Length, b.Length);
        if (Math.Max(a.Length, b.Length) - length > LengthTolerance * length)
            output.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{names.A} lasts {(double)a.Length / sampleRate:0.00} s and {names.B} {(double)b.Length / sampleRate:0.00} s; only the common beginning is compared."));
        a = a[..length];
        b = b[..length];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Draw(string path, bool force, float[] a, float[] b, (string A, string B) names, VocoderMetadata metadata)
    {
        byte[] picture = ComparisonPlot.Draw(a, b, names, metadata);
        OutputPath.Write(path, force, stream => stream.Write(picture));
    }
}
