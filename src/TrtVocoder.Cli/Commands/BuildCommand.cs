using System.CommandLine;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Export;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.OnnxRuntime;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>build</c>: an ONNX model or a checkpoint to a TensorRT engine. Options that trtexec has are called as there.</summary>
internal sealed class BuildCommand : CliCommand
{
    private readonly Argument<string> _model = new("MODEL")
    {
        Description =
        "A checkpoint, or a Vocos in an .onnx by others: built in the form that runs fastest; other .onnx models as they are."
    };
    private readonly Option<string> _output = new("--output", "-o", "--saveEngine")
    {
        Description =
        "The engine file; <engine>.json is written beside it.",
        Required = true
    };
    private readonly Option<string> _runtime = Options.Choice("--runtime",
        "Who builds, and later loads, the engine; auto: TensorRT if it is here, else TensorRT-RTX.", "auto", ["auto", "tensorrt", "rtx"]);
    private readonly Option<string?> _min = new("--min", "--minShapes")
    {
        Description =
        "The smallest mel: frames (1), batch x frames (1x1), or trtexec's mel:1x100x1. Default: 1x1."
    };
    private readonly Option<string?> _opt = new("--opt", "--optShapes")
    {
        Description =
        "The mel that the engine is tuned for, likewise. Default: 256 frames."
    };
    private readonly Option<string?> _max = new("--max", "--maxShapes")
    {
        Description =
        "The largest mel, likewise; longer inputs are decoded in exact chunks. Default: 1024 frames."
    };
    private readonly Option<bool> _fp16 = new("--fp16")
    {
        Description =
        "Layers of an FP32 model may run in FP16 (TensorRT 10 only; else see --precision)."
    };
    private readonly Option<bool> _noTf32 = new("--no-tf32", "--noTF32") { Description = "FP32 products keep all their bits." };
    private readonly Option<bool> _stronglyTyped = new("--strongly-typed", "--stronglyTyped")
    {
        Description =
        "Every tensor keeps the model's type: the default without --fp16."
    };
    private readonly Option<string?> _workspace = new("--mem-pool-size", "--memPoolSize")
    {
        Description =
        "Most scratch memory of a layer: workspace:4096M. Default: all of the GPU's."
    };
    private readonly Option<int?> _level = Options.OptionalInteger("--builder-optimization-level",
        "How long to search for fast layers, 0 to 5. Default: TensorRT's, 3.", 0, 5, "--builderOptimizationLevel");
    private readonly Option<bool> _versionCompatible = new("--version-compatible", "--versionCompatible") { Description = "The engine runs on later versions too; loading it needs --allow-host-code." };
    private readonly Option<string> _hardware = Options.Choice("--hardware-compatibility-level",
        "ampere+: the engine runs on other GPUs too, from Ampere on; slower.", "none", ["none", "ampere+"], "--hardwareCompatibilityLevel");
    private readonly Option<string?> _timings = new("--timing-cache-file", "--timingCacheFile")
    {
        Description =
        "Keeps layer timings from build to build. Default: <engine>.timing; none for --runtime rtx."
    };
    private readonly Option<bool> _noTimings = new("--no-timing-cache", "--noBuilderCache") { Description = "Keep no layer timings." };
    private readonly Option<string> _verbosity = Options.Choice("--profiling-verbosity", "detailed: the engine can tell each layer's "
        + "tensors and tactic.", "layer_names_only", ["layer_names_only", "detailed"], "--profilingVerbosity");
    private readonly Option<int> _device = Options.Integer("--device", "The GPU's number.", 0);
    private readonly ExportChoices _export = new(
        "Of a checkpoint: fp16 (default; the trunk in half precision, head, input and outputs in single), or fp32 (default with --fp16).",
        "Of a checkpoint: memory order of the spectra, frame-major (default, the fastest here) or bins-major.",
        "Of a checkpoint: spectrum (default), or waveform (the inverse STFT inside the engine).",
        "Of a checkpoint: a network with state, which takes a mel piece by piece; the shapes are those of a piece.");

    private readonly Option<bool> _asItIs = new("--as-is") { Description = "Build an .onnx by others as it is, without reading its weights back." };
    private readonly CheckpointChoices _checkpoint = new();
    private readonly Option<string?> _real = new("--real")
    {
        Description =
        "Name of the model's output with the real parts, where it cannot be told."
    };
    private readonly Option<string?> _imag = new("--imag") { Description = "Name of the model's output with the imaginary parts." };
    private readonly Option<bool> _noVerify = new("--no-verify")
    {
        Description =
        "Hand the engine over without comparing its sound with the network's."
    };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Show TensorRT's log on standard error." };
    private readonly Option<bool> _force = Options.Force("Replace an existing engine.");

    public override string Examples => """
        trtvocoder build vocos-mel-24khz/ --output vocos.engine
        trtvocoder build vocos-mel-24khz/ --output vocos.engine --precision fp32 --opt 256 --max 2048
        trtvocoder build vocos-mel-24khz/ --output vocos-streaming.engine --streaming --min 1 --opt 10 --max 256
        trtvocoder build vocos.onnx --output vocos.engine --fp16
        trtvocoder build vocos.onnx --output vocos.engine --min 1x1 --opt 1x256 --max 8x512 --mem-pool-size workspace:4096M
        trtvocoder build vocos.onnx --output vocos-rtx.engine --runtime rtx
        """;

    public override IEnumerable<Symbol> Symbols =>
    [
        _model, _output, _runtime, _min, _opt, _max, _fp16, _noTf32, _stronglyTyped, _workspace, _level, _versionCompatible, _hardware, _timings, _noTimings,
        _verbosity, _device, .. _export.Symbols, .. _checkpoint.All, _asItIs, _real, _imag, _noVerify, _verbose, _force,
    ];

    private delegate TrtBuildResult BuildCall(IProgress<TrtBuildProgress>? progress, CancellationToken stop);

    public override CommandResult Run(CommandCall call)
    {
        string path = call.Get(_output)!;
        if (path == OutputPath.Standard || OutputPath.IsStream(path))
            throw CliException.Usage($"--output {path}: an engine needs a file, beside which its description lies; give a file name.");
        OutputPath.Check(path, call.Get(_force), call.Output);
        TrtBuildOptions options = ReadOptions(call, path);
        string model = call.Get(_model)!;
        bool isCheckpoint = IsCheckpoint(model);
        bool staysAsItIs = !isCheckpoint && StaysAsItIs(model, call, options);
        foreach (Option option in (IEnumerable<Option>)[.. _export.Symbols, .. _checkpoint.OfWeights])
            if (staysAsItIs && call.Has(option))
                throw CliException.Usage($"{option.Name} is for checkpoints and for models whose weights are read back; {model} stays as it was exported.");
        using IDisposable? log = !call.Get(_verbose) ? null : TrtLog.Listen(
            message => Console.Error.WriteLine(PrintableText.Clean($"[{message.Severity}] {message.Text}")), TrtLogSeverity.Info);

        CancellationToken stop = call.WatchForStop();
        BuildCall build = staysAsItIs ? BuildAsItIs(model, path, call, options) : BuildWeights(model, isCheckpoint, path, call, options);
        TrtBuildResult? built = null;
        if (call.Output.ShowsProgress)
            ProgressBar.Run("build", 1, report => built = build(new BuildProgress(report), stop));
        else
            built = build(null, stop);
        return Report(built!, options, model, call);
    }

    private TrtBuildOptions ReadOptions(CommandCall call, string path)
    {
        bool isRtx = call.Get(_runtime) == "rtx";
        if ((call.Get(_real) is null) != (call.Get(_imag) is null))
            throw CliException.Usage("--real and --imag go together.");
        bool fp16 = call.Get(_fp16);
        if (fp16 && call.Get(_stronglyTyped))
            throw CliException.Usage(
                "--fp16 and --strongly-typed exclude each other: a strongly typed network keeps the model's own types.");
        if (fp16 && isRtx)
            throw CliException.Usage(
                "--fp16 is TensorRT 10's; TensorRT-RTX keeps the model's own types: build a checkpoint, whose trunk is FP16 by itself.");
        // TensorRT-RTX compiles its layers on the user's machine: there is little to time when it builds.
        string? timings = call.Get(_noTimings) ? null : call.Get(_timings) ?? (isRtx ? null : path + ".timing");
        if (timings is not null)
        {
            if (timings.Length == 0 || OutputPath.IsStream(timings))
                throw CliException.Usage($"--timing-cache-file '{timings}': layer timings need a file, which later builds read.");
            OutputPath.Check(timings, force: true, call.Output, "--timing-cache-file");
        }
        (TrtOptimizationProfile profile, string? input, int? melCount) = BuildShapes.Profile(
            call.Get(_min), call.Get(_opt), call.Get(_max));
        return new TrtBuildOptions
        {
            Runtime = call.Get(_runtime) switch { "tensorrt" => EngineFlavour.TensorRt, "rtx" => EngineFlavour.TensorRtRtx, _ => null },
            Device = call.Get(_device),
            Profile = profile,
            ProfileInput = input,
            ProfileMelCount = melCount,
            StronglyTyped = call.Get(_stronglyTyped) ? true : null,
            Fp16 = fp16,
            Tf32 = !call.Get(_noTf32),
            WorkspaceBytes = BuildShapes.Workspace(call.Get(_workspace)),
            OptimizationLevel = call.Get(_level),
            VersionCompatible = call.Get(_versionCompatible),
            HardwareCompatible = call.Get(_hardware) == "ampere+",
            DetailedLayers = call.Get(_verbosity) == "detailed",
            TimingCachePath = timings,
            Model = _checkpoint.ReadHints(call) with { RealOutput = call.Get(_real), ImagOutput = call.Get(_imag) },
        };
    }

    private BuildCall BuildAsItIs(string model, string path, CommandCall call, TrtBuildOptions options)
    {
        options = WithReference(call, options, () => OnnxDecoderModel.Load(model, new OnnxDecoderOptions { Model = options.Model }));
        return (progress, stop) => TrtBuilder.Build(model, path, options, progress, stop);
    }

    // Not inlined: the exporter's assemblies are loaded only where there are weights.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private BuildCall BuildWeights(string from, bool isCheckpoint, string path, CommandCall call, TrtBuildOptions options)
    {
        VocosCheckpoint checkpoint;
        try
        {
            checkpoint = isCheckpoint ? ModelSource.ReadCheckpoint(from, call.Output, _checkpoint.Read(call))
                : ForeignNetwork.Read(from, _checkpoint.ReadHints(call), call.Output);
        }
        catch (TrtVocoderException error) when (!isCheckpoint && !_export.Symbols.Any(call.Has))
        {
            BuildCall asItIs = BuildAsItIs(from, path, call, options);
            return (progress, stop) =>
            {
                TrtBuildResult built = asItIs(progress, stop);
                call.Output.Note($"{error.Message.TrimEnd('.')}; it was built as it is.");
                return built;
            };
        }
        // Where TensorRT is to choose, it chooses among FP32 layers.
        OnnxExportOptions fastest = CheckpointEngine.FastestExport;
        OnnxExportOptions export = _export.Read(call, fastest with { Precision = options.Fp16 ? OnnxPrecision.Fp32 : fastest.Precision });
        export = export with { MelFloor = checkpoint.Config.MelFloor };
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(from)));
        name = isCheckpoint ? name + ".onnx" : name;
        TrtBuildOptions complete = WithReference(
            call, options, () => OnnxDecoderModel.Load(CheckpointEngine.ExportReference(checkpoint, export), name));
        return (progress, stop) => CheckpointEngine.Build(checkpoint, name, path, export, complete, progress, stop);
    }

    /// <summary>
    /// Whether an .onnx is built as it was exported: where that was asked for, or something that only its own graph has, and our own exports,
    /// whose form was chosen.
    /// </summary>
    private bool StaysAsItIs(string model, CommandCall call, TrtBuildOptions options) =>
        call.Get(_asItIs) || call.Get(_fp16) || call.Get(_stronglyTyped) || call.Get(_real) is not null || options.ProfileInput is not null
            || VocoderMetadata.TryFromProperties(OnnxOutline.Read(model).Metadata, model) is not null;

    private TrtBuildOptions WithReference(CommandCall call, TrtBuildOptions options, Func<IDecoderModel> open) =>
        call.Get(_noVerify) ? options : options with { OpenReference = open };

    private static bool IsCheckpoint(string model)
    {
        if (ModelSource.IsCheckpoint(model))
            return true;
        return ModelFile.Detect(model) == ModelFileKind.Onnx
            ? false
            : throw CliException.BadInput($"{model} is an engine already; build one from an .onnx model or a checkpoint folder.");
    }

    private BuildResult Report(TrtBuildResult built, TrtBuildOptions options, string model, CommandCall call)
    {
        EngineSidecar sidecar = built.Sidecar;
        TrtOptimizationProfile profile = sidecar.Profiles[0];
        TrtVerification? verification = sidecar.Verification;
        if (verification is { SignalToNoiseDb: null })
            call.Output.Note($"{built.EnginePath} was {(verification.Frames > 0 ? "heard, but not compared" : "not heard")}: "
                + $"{verification.Note}.");
        bool hasShapes = (call.Get(_min) ?? call.Get(_opt) ?? call.Get(_max)) is not null;
        if (profile != options.Profile && hasShapes)
            call.Output.Note($"{model} takes {profile} and nothing else; --min, --opt and --max cannot change that.");
        return new BuildResult
        {
            Input = model,
            Output = built.EnginePath,
            Sidecar = EngineSidecar.PathFor(built.EnginePath),
            TimingCache = options.TimingCachePath,
            Bytes = built.EngineBytes,
            Builder = built.Builder,
            Gpu = sidecar.Gpu.Length > 0 ? sidecar.Gpu : null,
            Seconds = built.Duration.TotalSeconds,
            OnnxSha256 = sidecar.OnnxSha256,
            Profile = profile.ToString(),
            Form = sidecar.Form.Length > 0 ? sidecar.Form : null,
            Refusals = sidecar.Refusals.Count > 0 ? sidecar.Refusals : null,
            SnrDb = verification?.SignalToNoiseDb,
            Reference = verification is { SignalToNoiseDb: not null } ? verification.Reference : null,
            Verification = verification,
        };
    }
}
