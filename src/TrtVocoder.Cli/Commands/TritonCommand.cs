using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>triton</c>: a folder of a model repository that Triton Inference Server serves as it is, by the backend of native/triton.</summary>
internal sealed class TritonCommand : CliCommand
{
    private const string F5Name = "vocoder";
    private const int F5MelCount = 100;

    private readonly Argument<string> _model = new("MODEL") { Description = "An engine, which runs on GPUs, or an .onnx model, which runs on the CPU." };
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description =
        "The model repository: the folder that tritonserver is started upon; made where it is missing.",
        Required = true
    };
    private readonly Option<string?> _name = new("--name") { Description = "What the model is called. Default: the file's name without extension." };
    private readonly Option<bool> _f5 = new("--f5") { Description = "The model takes the place of F5-TTS's 'vocoder' in the repository of its Triton runtime." };
    private readonly Option<bool> _decoupled = new("--decoupled") { Description = "Samples are sent in parts, as they are ready; clients need gRPC streams." };
    private readonly Option<bool> _fp16 = new("--fp16") { Description = "Mels and samples are sent as FP16: half of the bytes." };
    private readonly Option<int?> _sequences = Options.OptionalInteger(
        "--sequences",
        "Mels come piece by piece: each request has the next frames of its sequence's mel. The most sequences of an instance that are open at a time.",
        1, TritonConfig.MostSequences);
    private readonly Option<int?> _chunk = Options.OptionalInteger(
        "--chunk", "Of --sequences: the most frames of a piece that is ready from the start. Default: 10.", 1, 1 << 20);
    private readonly Option<int> _maxBatch = Options.Integer(
        "--max-batch", "The most mels of a request, and of those that the server hands over together.", TritonConfig.DefaultBatch, 1, 4096);
    private readonly Option<int> _instances = Options.Integer("--instances", "Instances: of an engine, on each GPU.", 1, 1, 64);
    private readonly Option<string?> _gpus = new("--gpus") { Description = "Of an engine: the GPUs' numbers, like 0,1. Default: all." };
    private readonly Option<int> _queueDelay = Options.Integer("--queue-delay", "How long the server holds a request back, in microseconds.", 0);
    private readonly Option<int> _maxQueue = Options.Integer("--max-queue", "The most requests that wait in the server; 0: no limit.", 0);
    private readonly Option<int?> _batch = Options.OptionalInteger("--batch", "The most windows of one run of the network. Default: the model's choice.", 1, 1024);
    private readonly Option<int?> _windowFrames = Options.OptionalInteger("--window-frames", "The most frames of a window. Default: chosen.", 1, 1 << 20);
    private readonly Option<int?> _lanes = Options.OptionalInteger("--lanes", "Runs of the network under way at the same time. Default: chosen.", 1, 64);
    private readonly Option<int?> _threads = Options.OptionalInteger("--threads", "Of a model on the CPU: threads of a run. Default: chosen.", 1, 1024);
    private readonly Option<int?> _queuedWindows = Options.OptionalInteger(
        "--max-queued-windows", "The most windows that wait in the backend; further requests wait in the server. Default: 4096.", 1, 1 << 20);
    private readonly Option<bool> _force = Options.Force("Replace a model of that name.");

    public override string Examples => """
        trtvocoder triton vocos.engine --output model_repository/
        trtvocoder triton vocos.engine --output model_repository/ --name vocos_streamed --decoupled
        trtvocoder triton vocos.engine --output model_repository/ --name vocos_fp16 --fp16
        trtvocoder triton vocos-streaming.engine --output model_repository/ --sequences 16
        trtvocoder triton vocos.onnx --output model_repository/ --instances 1 --threads 8
        trtvocoder triton vocos-f5.engine --output model_repo_f5_tts/ --f5 --force
        """;

    public override IEnumerable<Symbol> Symbols =>
    [
        _model, _output, _name, _f5, _decoupled, _sequences, _chunk, _fp16, _maxBatch, _instances, _gpus, _queueDelay, _maxQueue, _batch, _windowFrames, _lanes,
        _threads,
        _queuedWindows, _force,
    ];

    public override CommandResult Run(CommandCall call)
    {
        string model = call.Get(_model)!;
        string output = call.Get(_output)!;
        bool isF5 = call.Get(_f5);
        if (output.Length == 0 || OutputPath.IsStream(output))
            throw CliException.Usage($"--output '{output}': a model repository is a folder; give its name.");
        if (ModelSource.IsCheckpoint(model))
            throw CliException.BadInput($"{model} is a checkpoint; the server needs an engine ('build') or an .onnx model ('export').");
        if (isF5 && call.Get(_decoupled))
            throw CliException.Usage("--f5 and --decoupled exclude each other: F5-TTS asks for one answer a request.");
        if (isF5 && call.Get(_fp16))
            throw CliException.Usage("--f5 and --fp16 exclude each other: F5-TTS sends and takes FP32.");
        if (isF5 && call.Has(_name))
            throw CliException.Usage($"--f5 and --name exclude each other: F5-TTS asks for the model '{F5Name}'.");
        CheckSequences(call);
        bool isEngine = ModelFile.Detect(model) == ModelFileKind.Engine;
        if (!isEngine && call.Has(_gpus))
            throw CliException.Usage($"--gpus is for engines; {model} runs on the CPU.");
        if (isEngine && call.Has(_threads))
            throw CliException.Usage($"--threads is for models on the CPU; {model} runs on GPUs.");
        string name = isF5 ? F5Name : call.Get(_name) ?? Path.GetFileNameWithoutExtension(model);
        if (name.Length == 0 || name[0] == '.' || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.'))
            throw CliException.Usage($"--name '{name}': a model's name is of letters, digits, '_', '-' and '.', and does not begin with '.'.");

        CancellationToken stop = call.WatchForStop();
        (VocoderMetadata metadata, int minFrames) = Describe(model, isEngine, call.Output);
        if (metadata.IsStreaming && !call.Has(_sequences))
            throw CliException.BadInput($"{model} is a network with state, which takes a mel piece by piece: add --sequences 16, so that requests "
                + "have pieces, or take a network that was exported without --streaming, so that they have whole mels.");
        if (!metadata.IsStreaming && call.Has(_sequences))
            call.Output.Note($"{model} decodes the frames around each piece again; a network that was exported with --streaming computes each frame once.");
        if (isF5 && metadata.MelCount != F5MelCount)
            throw CliException.BadInput($"{model} takes {metadata.MelCount} mel bands, F5-TTS makes {F5MelCount}.");
        TritonConfig config = new()
        {
            Name = name,
            File = isEngine ? "model.engine" : "model.onnx",
            IsEngine = isEngine,
            MelCount = metadata.MelCount,
            MinFrames = minFrames,
            MaxBatch = call.Get(_sequences) ?? call.Get(_maxBatch),
            Sequences = call.Get(_sequences),
            Instances = call.Get(_instances),
            Gpus = ReadGpus(call.Get(_gpus)),
            QueueDelayMicroseconds = call.Get(_queueDelay),
            MaxQueueSize = call.Get(_maxQueue),
            IsDecoupled = call.Get(_decoupled),
            IsHalf = call.Get(_fp16),
            Parameters = ReadParameters(call),
            Writer = $"trtvocoder {ProgramVersion.Text}",
        };
        string folder = TritonRepository.Write(output, config, model, isEngine, call.Get(_force), stop);
        return new TritonResult
        {
            Input = model,
            Output = folder,
            Name = name,
            MelCount = metadata.MelCount,
            SampleRate = metadata.SampleRate,
            MaxBatch = config.Sequences is null ? config.MaxBatch : 1,
            Sequences = config.Sequences,
            Kind = isEngine ? "KIND_GPU" : "KIND_CPU",
            Decoupled = config.IsDecoupled,
            Fp16 = config.IsHalf,
        };
    }

    private void CheckSequences(CommandCall call)
    {
        if (!call.Has(_sequences))
        {
            if (call.Has(_chunk))
                throw CliException.Usage("--chunk is for --sequences: only their mels come in pieces.");
            return;
        }
        if (call.Get(_f5))
            throw CliException.Usage("--f5 and --sequences exclude each other: F5-TTS sends each mel whole.");
        if (call.Get(_decoupled))
            throw CliException.Usage("--decoupled and --sequences exclude each other: each piece of a sequence has one answer.");
        foreach (Option option in (ReadOnlySpan<Option>)[_maxBatch, _maxQueue, _batch, _windowFrames, _queuedWindows])
            if (call.Has(option))
                throw CliException.Usage($"{option.Name} and --sequences exclude each other: a request has one piece, and sequences share no windows.");
    }

    /// <summary>What the model says of itself: an engine in its sidecar, so that no GPU is needed, else by being loaded.</summary>
    private static (VocoderMetadata Metadata, int MinFrames) Describe(string model, bool isEngine, CommandOutput output)
    {
        if (isEngine)
        {
            EnginePlanHeader.Read(model);
            if (EngineSidecar.TryRead(model) is { Profiles.Count: > 0 } sidecar && sidecar.GetMetadata(model) is { } metadata)
                return (metadata, sidecar.Profiles[0].MinFrames);
        }
        using Vocoder vocoder = ModelSource.Load(model, new VocoderOptions(), output);
        return (vocoder.Metadata, vocoder.Info.MinFrames);
    }

    private static List<int> ReadGpus(string? text)
    {
        List<int> gpus = [];
        foreach (string part in text?.Split(',') ?? [])
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int gpu) || gpus.Contains(gpu))
                throw CliException.Usage($"--gpus '{text}': give the GPUs' numbers, each once, like 0,1.");
            gpus.Add(gpu);
        }
        return gpus;
    }

    private List<(string Key, string Value)> ReadParameters(CommandCall call)
    {
        List<(string, string)> parameters = [];
        foreach ((Option<int?> option, string key) in (ReadOnlySpan<(Option<int?>, string)>)[
            (_batch, "batch"), (_windowFrames, "window_frames"), (_lanes, "lanes"), (_threads, "threads"),
            (_queuedWindows, "max_queued_windows"), (_chunk, "chunk_frames")])
            if (call.Get(option) is { } value)
                parameters.Add((key, value.ToString(CultureInfo.InvariantCulture)));
        return parameters;
    }
}

/// <summary>The model that <c>triton</c> put into a repository.</summary>
internal sealed record TritonResult : CommandResult
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    public required string Name { get; init; }

    public required int MelCount { get; init; }

    public required int SampleRate { get; init; }

    public required int MaxBatch { get; init; }

    public int? Sequences { get; init; }

    public required string Kind { get; init; }

    public required bool Decoupled { get; init; }

    public required bool Fp16 { get; init; }

    public override IEnumerable<string> ToLines() => [string.Create(
        CultureInfo.InvariantCulture,
        $"{Output}: mel [{MelCount}, -1] -> waveform [-1] at {SampleRate} Hz, {Load}, {Kind}{(Decoupled ? ", decoupled" : "")}{(Fp16 ? ", FP16" : "")}")];

    private string Load => Sequences is { } sequences
        ? string.Create(CultureInfo.InvariantCulture, $"up to {sequences} sequences of pieces")
        : string.Create(CultureInfo.InvariantCulture, $"up to {MaxBatch} mels a request");

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.TritonResult);
}
