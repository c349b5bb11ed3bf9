using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Internal;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>build</c>: an ONNX model or a checkpoint to a TensorRT engine. Options that trtexec has are called as there.</summary>
internal sealed class BuildCommand
{
    private const string Examples = """
        trtvocoder build vocos.onnx --output vocos.engine --fp16
        trtvocoder build vocos-mel-24khz/ --output vocos.engine --precision fp16 --opt 256 --max 2048
        trtvocoder build vocos.onnx --output vocos.engine --min 1x1 --opt 1x256 --max 8x512 --mem-pool-size workspace:4096M
        trtvocoder build vocos.onnx --output vocos-rtx.engine --runtime rtx
        """;

    private static readonly string[] CheckpointExtensions = [".bin", ".pt", ".pth", ".safetensors"];

    private readonly Argument<string> _model = new("MODEL") { Description = "An .onnx model, or a checkpoint folder, which is exported first." };
    private readonly Option<string> _output = new("--output", "-o", "--saveEngine") { Description = "The engine file; <engine>.json is written beside it.", Required = true };
    private readonly Option<string> _runtime = ExportCommand.Choice("--runtime", "Who builds, and later loads, the engine; auto: TensorRT if it is here, else TensorRT-RTX.", "auto", "auto", "tensorrt", "rtx");
    private readonly Option<string?> _min = new("--min", "--minShapes") { Description = "The smallest mel: frames (1), batch x frames (1x1), or trtexec's mel:1x100x1. Default: 1x1." };
    private readonly Option<string?> _opt = new("--opt", "--optShapes") { Description = "The mel that the engine is tuned for, likewise. Default: 256 frames." };
    private readonly Option<string?> _max = new("--max", "--maxShapes") { Description = "The largest mel, likewise; longer inputs are decoded in exact chunks. Default: 1024 frames." };
    private readonly Option<bool> _fp16 = new("--fp16") { Description = "Layers of an FP32 model may run in FP16 (TensorRT 10 only; else see --precision)." };
    private readonly Option<bool> _noTf32 = new("--no-tf32", "--noTF32") { Description = "FP32 products keep all their bits." };
    private readonly Option<bool> _stronglyTyped = new("--strongly-typed", "--stronglyTyped") { Description = "Every tensor keeps the model's type: the default without --fp16." };
    private readonly Option<string?> _workspace = new("--mem-pool-size", "--memPoolSize") { Description = "Most scratch memory of a layer: workspace:4096M. Default: all of the GPU's." };
    private readonly Option<int?> _level = new("--builder-optimization-level", "--builderOptimizationLevel") { Description = "How long to search for fast layers, 0 to 5. Default: TensorRT's, 3." };
    private readonly Option<bool> _versionCompatible = new("--version-compatible", "--versionCompatible") { Description = "The engine runs on later versions too; loading it needs --allow-host-code." };
    private readonly Option<string> _hardware = Choice("--hardware-compatibility-level", "--hardwareCompatibilityLevel", "ampere+: the engine runs on other GPUs too, from Ampere on; slower.", "none", "none", "ampere+");
    private readonly Option<string?> _timings = new("--timing-cache-file", "--timingCacheFile") { Description = "Keeps layer timings from build to build. Default: <engine>.timing; none for --runtime rtx." };
    private readonly Option<bool> _noTimings = new("--no-timing-cache", "--noBuilderCache") { Description = "Keep no layer timings." };
    private readonly Option<string> _verbosity = Choice("--profiling-verbosity", "--profilingVerbosity", "detailed: the engine can tell each layer's tensors and tactic.", "layer_names_only", "layer_names_only", "detailed");
    private readonly Option<int> _device = new("--device") { Description = "The GPU's number.", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> _precision = new("--precision") { Description = "Of a checkpoint: fp16 exports the trunk in half precision, head, input and outputs in single. Default: fp32." };
    private readonly Option<string?> _layout = new("--layout") { Description = "Of a checkpoint: memory order of the spectra, bins-major (default) or frame-major." };
    private readonly Option<string?> _depthwise = new("--depthwise") { Description = "Of a checkpoint: conv nodes (default), or shifted multiply-adds." };
    private readonly Option<string?> _signal = new("--signal") { Description = "Of a checkpoint: spectrum (default), or waveform (the inverse STFT inside the engine)." };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Show TensorRT's log on standard error." };
    private readonly Option<bool> _force = new("--force", "-f") { Description = "Replace an existing engine." };

    public static string Define(Command command)
    {
        BuildCommand build = new();
        build._precision.AcceptOnlyFromAmong("fp32", "fp16");
        build._layout.AcceptOnlyFromAmong("bins-major", "frame-major");
        build._depthwise.AcceptOnlyFromAmong("conv", "shift");
        build._signal.AcceptOnlyFromAmong("spectrum", "waveform");
        CommandLine.Add(
            command,
            build._model, build._output, build._runtime, build._min, build._opt, build._max, build._fp16, build._noTf32, build._stronglyTyped, build._workspace,
            build._level, build._versionCompatible, build._hardware, build._timings, build._noTimings, build._verbosity, build._device,
            build._precision, build._layout, build._depthwise, build._signal, build._verbose, build._force);
        CommandLine.SetAction(command, build.Run);
        return Examples;
    }

    private int Run(ParseResult result, CommandOutput output)
    {
        string path = result.GetValue(_output)!;
        if (path == OutputPath.Standard)
            throw CliException.Usage("An engine needs a file; give --output a file name.");
        OutputPath.Check(path, result.GetValue(_force), output);
        TrtBuildOptions options = ReadOptions(result, path);
        string model = result.GetValue(_model)!;
        bool isCheckpoint = IsCheckpoint(model);
        foreach (Option option in (Option[])[_precision, _layout, _depthwise, _signal])
            if (!isCheckpoint && result.GetResult(option) is not null)
                throw CliException.Usage($"{option.Name} is for checkpoints; {model} is an ONNX model and stays as it was exported.");
        if (result.GetValue(_verbose))
            TrtLog.SetHandler(message => Console.Error.WriteLine($"[{message.Severity}] {message.Text}"), TrtLogSeverity.Info);

        CommandLine.CancelsItself = true;
        TrtBuildResult? built = null;
        if (output.ShowsProgress)
            ProgressBar.Run("build", 1, report => built = Build(model, isCheckpoint, path, result, options, new BuildProgress(report), output));
        else
            built = Build(model, isCheckpoint, path, result, options, null, output);
        Report(built!, options, model, output);
        return ExitCode.Success;
    }

    private TrtBuildOptions ReadOptions(ParseResult result, string path)
    {
        bool isRtx = result.GetValue(_runtime) == "rtx";
        bool fp16 = result.GetValue(_fp16);
        if (fp16 && result.GetValue(_stronglyTyped))
            throw CliException.Usage("--fp16 and --strongly-typed exclude each other: a strongly typed network keeps the model's own types.");
        if (fp16 && isRtx)
            throw CliException.Usage("--fp16 is TensorRT 10's; TensorRT-RTX keeps the model's own types: build a checkpoint with --precision fp16.");
        if (result.GetValue(_level) is < 0 or > 5)
            throw CliException.Usage("--builder-optimization-level must be 0 to 5.");
        if (result.GetValue(_device) < 0)
            throw CliException.Usage("--device must be 0 or more.");
        // TensorRT-RTX compiles its layers on the user's machine: there is little to time when it builds.
        string? timings = result.GetValue(_noTimings) ? null : result.GetValue(_timings) ?? (isRtx ? null : path + ".timing");
        if (timings is not null && !path.StartsWith("/dev/", StringComparison.Ordinal))
            AtomicFile.ThrowIfUnwritable(timings, overwrite: true);
        return new TrtBuildOptions
        {
            Runtime = result.GetValue(_runtime) switch { "tensorrt" => EngineFlavour.TensorRt, "rtx" => EngineFlavour.TensorRtRtx, _ => null },
            Device = result.GetValue(_device),
            Profile = BuildShapes.Profile(result.GetValue(_min), result.GetValue(_opt), result.GetValue(_max)),
            StronglyTyped = result.GetValue(_stronglyTyped) ? true : null,
            Fp16 = fp16,
            Tf32 = !result.GetValue(_noTf32),
            WorkspaceBytes = BuildShapes.Workspace(result.GetValue(_workspace)),
            OptimizationLevel = result.GetValue(_level),
            VersionCompatible = result.GetValue(_versionCompatible),
            HardwareCompatible = result.GetValue(_hardware) == "ampere+",
            DetailedLayers = result.GetValue(_verbosity) == "detailed",
            TimingCachePath = timings,
        };
    }

    private TrtBuildResult Build(
        string model, bool isCheckpoint, string path, ParseResult result, TrtBuildOptions options, IProgress<TrtBuildProgress>? progress, CommandOutput output)
    {
        if (!isCheckpoint)
            return Build(model, path, options, progress);
        string folder = Directory.CreateTempSubdirectory("trtvocoder-").FullName;
        try
        {
            string onnx = Path.Combine(folder, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) + ".onnx");
            Export(model, onnx, result, output);
            return Build(onnx, path, options, progress);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static TrtBuildResult Build(string onnx, string path, TrtBuildOptions options, IProgress<TrtBuildProgress>? progress)
    {
        try
        {
            return TrtBuilder.Build(onnx, path, options, progress, CommandLine.CancellationToken);
        }
        catch (ArgumentException error)
        {
            throw CliException.Usage(error.Message.Split(" (Parameter")[0]);
        }
    }

    // Not inlined: the exporter's assemblies are loaded only where there is a checkpoint.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Export(string from, string onnx, ParseResult result, CommandOutput output)
    {
        OnnxExportOptions options = new()
        {
            Precision = result.GetValue(_precision) == "fp16" ? OnnxPrecision.Fp16 : OnnxPrecision.Fp32,
            Layout = result.GetValue(_layout) switch { "bins-major" => SpectrumLayout.BinsMajor, "frame-major" => SpectrumLayout.FrameMajor, _ => null },
            Depthwise = result.GetValue(_depthwise) == "shift" ? DepthwiseForm.Shift : DepthwiseForm.Conv,
            Signal = result.GetValue(_signal) == "waveform" ? OutputKind.Waveform : OutputKind.Spectrum,
        };
        if (options.Signal == OutputKind.Waveform && options.Layout is not null)
            throw CliException.Usage("--layout concerns spectra, and --signal waveform puts out none; leave one of them out.");
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(from);
        foreach (string warning in checkpoint.Warnings)
            output.Note(warning);
        OnnxExporter.Export(checkpoint, onnx, options with { MelFloor = checkpoint.Config.MelFloor });
    }

    private static bool IsCheckpoint(string model)
    {
        if (Directory.Exists(model) || (File.Exists(model) && CheckpointExtensions.Contains(Path.GetExtension(model), StringComparer.OrdinalIgnoreCase)))
            return true;
        if (!File.Exists(model))
            throw CliException.FileSystem($"There is no model {model}.");
        return ModelFile.Detect(model) == ModelFileKind.Onnx
            ? false
            : throw CliException.BadInput($"{model} is an engine already; build one from an .onnx model or a checkpoint folder.");
    }

    private static void Report(TrtBuildResult built, TrtBuildOptions options, string model, CommandOutput output)
    {
        EngineSidecar sidecar = built.Sidecar;
        output.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{built.EnginePath}: {built.EngineBytes / 1048576.0:0.0} MiB by {built.Builder}{(sidecar.Gpu.Length > 0 ? " for " + sidecar.Gpu : "")} in {built.Duration.TotalSeconds:0.0} s; {options.Profile}"));
        output.Json(writer =>
        {
            writer.WriteString("input", model);
            writer.WriteString("output", built.EnginePath);
            writer.WriteString("sidecar", EngineSidecar.PathFor(built.EnginePath));
            if (options.TimingCachePath is not null)
                writer.WriteString("timingCache", options.TimingCachePath);
            writer.WriteNumber("bytes", built.EngineBytes);
            writer.WriteString("builder", built.Builder);
            if (sidecar.Gpu.Length > 0)
                writer.WriteString("gpu", sidecar.Gpu);
            writer.WriteNumber("seconds", built.Duration.TotalSeconds);
            writer.WriteString("onnxSha256", sidecar.OnnxSha256);
            writer.WriteString("profile", options.Profile.ToString());
        });
    }

    private static Option<string> Choice(string name, string alias, string description, string otherwise, params string[] values)
    {
        Option<string> option = new(name, alias) { Description = description, DefaultValueFactory = _ => otherwise };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
