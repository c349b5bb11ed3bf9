using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>export</c>: a checkpoint, or a Vocos in an .onnx by others, to an ONNX model, or re-packed to one safetensors file.</summary>
internal sealed class ExportCommand : CliCommand
{
    private readonly Argument<string> _from = new("CHECKPOINT")
    {
        Description =
        "Weights (.safetensors, .bin, .pt, .pth, .ckpt), or a folder with them; a config.yaml or config.json beside them is read. Or a Vocos in an .onnx by others, whose weights are read back."
    };
    private readonly Option<string> _to = new("--output", "-o")
    {
        Description =
        "The .onnx file, or .safetensors to re-pack the weights; - for .onnx on standard output.",
        Required = true
    };
    private readonly ExportChoices _choices = new(
        "fp32 (default), or fp16: the trunk in half precision, head, input and outputs in single.",
        "Memory order of the spectra: bins-major (usual, the default) or frame-major (nothing to transpose).",
        "What the model puts out: spectrum (default), or waveform (the inverse STFT inside).",
        "A network with state, which takes a mel piece by piece and computes each frame once.");

    private readonly Option<string> _target = Options.Choice(
        "--for", "What will run the model: gpu (the form that TensorRT takes and runs fastest), or cpu (faster by ONNX Runtime).", "gpu",
        ["gpu", "cpu"]);

    private readonly Option<float?> _floor = Options.Floor(
        "Mel floor for the metadata: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the checkpoint's.");
    private readonly CheckpointChoices _checkpoint = new();
    private readonly Option<bool> _force = Options.Force("Replace an existing file.");

    public override string Examples => """
        trtvocoder export vocos-mel-24khz/ --output vocos.onnx
        trtvocoder export vocos-mel-24khz/ --output vocos-fp16.onnx --precision fp16 --layout frame-major
        trtvocoder export vocos-mel-24khz/ --output vocos-streaming.onnx --streaming --for cpu
        trtvocoder export vocos-mel-24khz/ --output model.safetensors --precision fp16
        trtvocoder export mel_spec_24khz.onnx --output vocos.onnx
        """;

    public override IEnumerable<Symbol> Symbols => [_from, _to, .. _choices.Symbols, _target, _floor, .. _checkpoint.All, _force];

    public override CommandResult Run(CommandCall call)
    {
        string path = call.Get(_to)!;
        bool overwrite = call.Get(_force);
        OutputPath.Check(path, overwrite, call.Output, "--output", ".onnx", ".safetensors");
        string from = call.Get(_from)!;
        if (InputFile.KindOf(from) is null)
            throw CliException.FileSystem($"There is no checkpoint folder {from}.");
        bool isCheckpoint = ModelSource.IsCheckpoint(from);
        OnnxExportOptions options = _choices.Read(
            call, new OnnxExportOptions { Form = call.Get(_target) == "cpu" ? NetworkForm.Conv : NetworkForm.Shift });

        VocosCheckpoint checkpoint = isCheckpoint ? ModelSource.ReadCheckpoint(from, call.Output, _checkpoint.Read(call))
            : ModelFile.Detect(from) == ModelFileKind.Onnx ? ForeignNetwork.Read(from, _checkpoint.ReadHints(call), call.Output)
            : throw CliException.BadInput($"{from} is an engine, of which no weights can be read back; export the checkpoint or .onnx that it was made of.");
        options = options with { MelFloor = call.Get(_floor) ?? checkpoint.Config.MelFloor };
        bool isSafetensors = Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase);
        if (isSafetensors)
            checkpoint.SaveSafetensors(path, options.Precision == OnnxPrecision.Fp16 ? FloatFormat.F16 : FloatFormat.F32, overwrite);
        else
            OnnxExporter.Export(checkpoint, OutputPath.FileName(path), options, overwrite);

        return new ExportResult
        {
            Input = from,
            Output = path,
            Bytes = OutputPath.IsStream(path) ? 0 : new FileInfo(path).Length,
            Parameters = checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Values.Length),
            ModelHash = checkpoint.ModelHash,
            Precision = options.Precision == OnnxPrecision.Fp16 ? "fp16" : "fp32",
            Signal = isSafetensors ? null : options.Signal == OutputKind.Spectrum ? "spectrum" : "waveform",
            Streaming = !isSafetensors && options.Streaming ? true : null,
            Layout = isSafetensors || options.Signal != OutputKind.Spectrum ? null : options.Layout == SpectrumLayout.FrameMajor ? "frame-major" : "bins-major",
            For = isSafetensors ? null : call.Get(_target),
        };
    }
}

/// <summary>The model or weights that <c>export</c> wrote.</summary>
internal sealed record ExportResult : CommandResult
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    public required long Bytes { get; init; }

    public required long Parameters { get; init; }

    public required string ModelHash { get; init; }

    public required string Precision { get; init; }

    /// <summary>Null for weights, as are the others of a network.</summary>
    public string? Signal { get; init; }

    public string? Layout { get; init; }

    /// <summary>True of a network with state; null of others.</summary>
    public bool? Streaming { get; init; }

    /// <summary>What the form is for: gpu or cpu.</summary>
    public string? For { get; init; }

    public override IEnumerable<string> ToLines() => [string.Create(
        CultureInfo.InvariantCulture,
        $"{OutputPath.Name(Output)}: {Parameters:N0} parameters, {Precision}{(Signal is null ? "" : $", {Signal}")}{(Streaming is true ? ", streaming" : "")}, "
            + $"{Bytes / 1048576.0:0.0} MiB")];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.ExportResult);
}
