using System.CommandLine;
using System.Globalization;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>mel</c>: a WAV file to the mel that a model takes.</summary>
internal static class MelCommand
{
    private const string Examples = """
        trtvocoder mel speech.wav --output mel.npy
        trtvocoder mel speech.wav --output mel.safetensors --model vocos.onnx
        trtvocoder mel speech.wav --output - --floor 1e-5 | python use_mel.py
        """;

    public static string Define(Command command)
    {
        Argument<string> input = new("INPUT") { Description = "WAV file of any sample rate and channels; - for standard input." };
        Option<string> to = new("--output", "-o") { Description = "Array [bands, frames] of natural-log amplitudes: .npy or .safetensors (tensor 'mel'); - for .npy on standard output.", Required = true };
        Option<string?> model = new("--model", "-m") { Description = "Model or checkpoint folder whose parameters to use. Default: those of vocos-mel-24khz." };
        Option<float?> floor = new("--floor") { Description = "Floor under mel amplitudes before the logarithm: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the model's own." };
        Option<bool> force = new("--force", "-f") { Description = "Replace an existing file." };
        CommandLine.Add(command, input, to, model, floor, force);
        CommandLine.SetAction(command, (result, output) =>
        {
            string path = result.GetValue(to)!;
            bool isSafetensors = Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase);
            if (!isSafetensors && path != OutputPath.Standard && !path.StartsWith("/dev/", StringComparison.Ordinal) && !Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase))
                throw CliException.Usage($"--output {path}: the name must end in .npy or .safetensors.");
            if (result.GetValue(floor) is { } given && !(given > 0 && float.IsFinite(given)))
                throw CliException.Usage("--floor must be above 0.");
            OutputPath.Check(path, result.GetValue(force), output);
            VocoderMetadata metadata = result.GetValue(model) is { } from ? ModelSource.ReadMetadata(from, output) : SpeechInput.Vocos24Khz;
            metadata = metadata with { MelFloor = result.GetValue(floor) ?? metadata.MelFloor };
            InputFile file = InputFile.Read(result.GetValue(input)!);
            Mel mel = SpeechInput.ToMel(SpeechInput.Read(file, metadata.SampleRate, output), metadata, file.Name);

            FloatTensor tensor = new([mel.Bands, mel.Frames], mel.Values);
            OutputPath.Write(path, result.GetValue(force), stream =>
            {
                if (isSafetensors)
                    SafetensorsFile.Write(stream, new Dictionary<string, FloatTensor> { ["mel"] = tensor }, null, metadata.ToProperties());
                else
                    NpyFile.Write(stream, tensor);
            });
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{(path == OutputPath.Standard ? "standard output" : path)}: mel [{mel.Bands}, {mel.Frames}], {metadata.SampleRate} Hz, n_fft {metadata.FftLength}, hop {metadata.HopLength}, floor {metadata.MelFloor:R}"));
            output.Json(writer =>
            {
                writer.WriteString("input", file.Name);
                writer.WriteString("output", path);
                writer.WriteShape("shape", [mel.Bands, mel.Frames]);
                writer.WriteNumber("sampleRate", metadata.SampleRate);
                writer.WriteNumber("fftLength", metadata.FftLength);
                writer.WriteNumber("hopLength", metadata.HopLength);
                writer.WriteNumber("melFloor", metadata.MelFloor);
            });
            return ExitCode.Success;
        });
        return Examples;
    }
}
