using System.CommandLine;
using System.Globalization;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>export</c>: a checkpoint to an ONNX model, or re-packed to one safetensors file.</summary>
internal static class ExportCommand
{
    private const string Examples = """
        trtvocoder export vocos-mel-24khz/ --output vocos.onnx
        trtvocoder export vocos-mel-24khz/ --output vocos-fp16.onnx --precision fp16 --layout frame-major
        trtvocoder export vocos-mel-24khz/ --output model.safetensors --precision fp16
        """;

    public static string Define(Command command)
    {
        Argument<string> folder = new("CHECKPOINT_DIR") { Description = "Folder with config.yaml and pytorch_model.bin or model.safetensors." };
        Option<string> to = new("--output", "-o") { Description = "The .onnx file, or .safetensors to re-pack the weights.", Required = true };
        Option<string> precision = Choice("--precision", "fp16: the trunk in half precision, head, input and outputs in single.", "fp32", "fp32", "fp16");
        Option<string?> layout = new("--layout") { Description = "Memory order of the spectra: bins-major (usual, the default) or frame-major (nothing to transpose)." };
        layout.AcceptOnlyFromAmong("bins-major", "frame-major");
        Option<string> depthwise = Choice("--depthwise", "How convolutions over time are written: conv nodes, or shifted multiply-adds.", "conv", "conv", "shift");
        Option<string> signal = Choice("--signal", "What the model puts out: spectrum, or waveform (the inverse STFT inside).", "spectrum", "spectrum", "waveform");
        Option<float?> floor = new("--floor") { Description = "Mel floor for the metadata: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the checkpoint's." };
        Option<bool> force = new("--force", "-f") { Description = "Replace an existing file." };
        CommandLine.Add(command, folder, to, precision, layout, depthwise, signal, floor, force);
        CommandLine.SetAction(command, (result, output) =>
        {
            if (result.GetValue(floor) is { } given && !(given > 0 && float.IsFinite(given)))
                throw CliException.Usage("--floor must be above 0.");
            string path = result.GetValue(to)!;
            bool overwrite = result.GetValue(force);
            bool isFp16 = result.GetValue(precision) == "fp16";
            bool isSafetensors = Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase);
            bool isDevice = path.StartsWith("/dev/", StringComparison.Ordinal);
            if (!isSafetensors && !isDevice && !Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase))
                throw CliException.Usage($"--output {path}: the name must end in .onnx or .safetensors.");
            OutputPath.Check(path, overwrite, output);
            string from = result.GetValue(folder)!;
            if (!Directory.Exists(from) && !File.Exists(from))
                throw CliException.FileSystem($"There is no checkpoint folder {from}.");
            OnnxExportOptions options = new()
            {
                Precision = isFp16 ? OnnxPrecision.Fp16 : OnnxPrecision.Fp32,
                Layout = result.GetValue(layout) switch { "bins-major" => SpectrumLayout.BinsMajor, "frame-major" => SpectrumLayout.FrameMajor, _ => null },
                Depthwise = result.GetValue(depthwise) == "shift" ? DepthwiseForm.Shift : DepthwiseForm.Conv,
                Signal = result.GetValue(signal) == "waveform" ? OutputKind.Waveform : OutputKind.Spectrum,
            };
            if (options.Signal == OutputKind.Waveform && options.Layout is not null)
                throw CliException.Usage("--layout concerns spectra, and --signal waveform puts out none; leave one of them out.");

            VocosCheckpoint checkpoint = VocosCheckpoint.Load(from);
            foreach (string warning in checkpoint.Warnings)
                output.Note(warning);
            options = options with { MelFloor = result.GetValue(floor) ?? checkpoint.Config.MelFloor };
            if (isSafetensors)
                AtomicFile.Write(path, overwrite, stream => SafetensorsFile.Write(
                    stream, checkpoint.Tensors, _ => isFp16 ? FloatFormat.F16 : FloatFormat.F32));
            else
                OnnxExporter.Export(checkpoint, path, options, overwrite);

            long bytes = isDevice ? 0 : new FileInfo(path).Length;
            long parameters = checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Values.Length);
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{path}: {parameters:N0} parameters, {result.GetValue(precision)}{(isSafetensors ? "" : $", {result.GetValue(signal)}")}, {bytes / 1048576.0:0.0} MiB"));
            output.Json(writer =>
            {
                writer.WriteString("input", from);
                writer.WriteString("output", path);
                writer.WriteNumber("bytes", bytes);
                writer.WriteNumber("parameters", parameters);
                writer.WriteString("modelHash", checkpoint.ModelHash);
                writer.WriteString("precision", result.GetValue(precision));
                if (isSafetensors)
                    return;
                writer.WriteString("signal", result.GetValue(signal));
                if (options.Signal == OutputKind.Spectrum)
                    writer.WriteString("layout", result.GetValue(layout) ?? "bins-major");
                writer.WriteString("depthwise", result.GetValue(depthwise));
            });
            return ExitCode.Success;
        });
        return Examples;
    }

    internal static Option<string> Choice(string name, string description, string otherwise, params string[] values)
    {
        Option<string> option = new(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
