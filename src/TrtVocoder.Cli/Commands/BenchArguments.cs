using System.CommandLine;
using System.Globalization;
using TrtVocoder.Benchmarking;
using TrtVocoder.Benchmarking.Serving;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary>The command line of <c>bench</c>. Options that trtexec has are called as there.</summary>
internal sealed class BenchArguments
{
    private const int DefaultFrames = 256;
    private const long MaxFramesOfACall = 1_000_000;
    private const int MaxSessions = 256;
    private const int MaxStreamFrames = 1024;

    private readonly Argument<string?> _model = new("MODEL")
    {
        Description = "Model: .onnx, .engine or a checkpoint folder.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _frames = new("--frames")
    {
        Description = "Lengths in frames, each measured by itself: 64,256,512. Default: 256."
    };
    private readonly Option<string?> _lengths = new("--lengths")
    {
        Description = $"Replay lengths in the order of a file, one in frames a line; {LengthList.Bundled}: the bundled list."
    };
    private readonly Option<string> _batch = new("--batch")
    {
        Description = "Mels of every call, each number measured by itself: 1,4,16.",
        DefaultValueFactory = _ => "1",
    };
    private readonly Option<int> _warmUp = Options.Integer(
        "--warm-up", "Milliseconds that each series runs unmeasured.", 200, 0, int.MaxValue, "--warmUp");
    private readonly Option<double> _duration = Options.Number("--duration", "Seconds that each series is measured.", 3, 0, 86400);
    private readonly Option<int> _iterations = Options.Integer("--iterations", "Calls that are measured at least.", 10, least: 1);
    private readonly Option<string> _mode = Options.Choice("--mode",
        "sequential: one decode at a time; pipelined: several sessions at once.", "both", ["sequential", "pipelined", "both"]);
    private readonly Option<int> _sessions = Options.Integer("--sessions", "Sessions at once when pipelined.", 2, 1, MaxSessions);
    private readonly Option<int> _threads = Options.Integer(
        "--threads", "CPU threads of the decoder; 0: the backend's choice.", 0, most: DecoderOptions.MaxThreads);
    private readonly Option<int> _istftThreads = Options.Integer("--istft-threads",
        "Threads of a session's inverse STFT; 0: the library's choice.", 0, most: DecoderOptions.MaxThreads);
    private readonly Option<string?> _windows = new("--windows")
    {
        Description = "Windows that cover inputs: auto, off, or lengths in frames (64,128,256).",
        DefaultValueFactory = _ => "auto"
    };
    private readonly Option<int> _inFlight = Options.Integer("--in-flight",
        "Windows and batches under way at once in a session; 0: the backend's choice.", 0, most: DecoderOptions.MaxRunsInFlight);
    private readonly Option<string?> _versusWindows = new("--versus-windows")
    {
        Description = "Time the model in turn with itself, or with --versus' model, under these windows."
    };
    private readonly Option<string?> _versusInverseStft = Options.Choice("--versus-inverse-stft",
        "Time the engine in turn with itself, or with --versus' model, with the inverse STFT there.", "auto", "gpu", "host");
    private readonly Option<int?> _stream = Options.OptionalInteger(
        "--stream", "Measure pushes of so many frames into a stream, against their share of a whole decode of --frames; with --versus also "
            + "against the other model's.", 1, MaxStreamFrames);
    private readonly EngineOptions _engine = new();

    private readonly Option<string?> _url = new("--url")
    {
        Description = "Measure a server of KServe's protocol v2 instead: http://HOST:8000.",
    };
    private readonly Option<string?> _servedModel = new("--served-model")
    {
        Description = "What the server calls the model. Default: vocos.",
    };
    private readonly Option<string?> _concurrency = new("--concurrency")
    {
        Description = "Closed loops: so many clients, each of which asks again when it is answered, each number measured by itself: "
            + "1,4,16,64. Default: 1.",
    };
    private readonly Option<string?> _rate = new("--rate")
    {
        Description = "Open loops: so many requests a second, which arrive at random and wait for nobody, each rate measured by itself: "
            + "10,50,100.",
    };
    private readonly Option<double> _timeout = Options.Number("--timeout", "Seconds that a server has for an answer.", 60, 0.001, 86400);

    /// <summary>The arguments and options, in the order of the help.</summary>
    public IEnumerable<Symbol> Symbols =>
    [
        _model, _frames, _lengths, _batch, _warmUp, _duration, _iterations, _mode, _sessions, _threads, _istftThreads, _windows, _inFlight,
        BusyHost, _stream, Versus, _versusWindows, _versusInverseStft, Against, Compare, ColdStart, Exports.Times, Exports.Profile,
        Exports.LayerInfo, Report, Force, ColdStartChild, _url, _servedModel, _concurrency, _rate, _timeout, .. _engine.Symbols,
    ];

    /// <summary>What was chosen of checkpoints.</summary>
    public CheckpointChoice ReadCheckpoint(CommandCall call) => _engine.ReadCheckpoint(call);

    public Option<string?> Versus { get; } = new("--versus")
    {
        Description = "Time another model in turn with this one, and say which is faster."
    };

    public Option<bool> BusyHost { get; } = new("--busy-host")
    {
        Description = "Measure sequential decodes a second time, while every core is busy with other work.",
    };

    public Option<string[]> Against { get; } = Files("--against", "Put saved results (--json > a.json, or a baseline's) beside this run.");

    public Option<string[]> Compare { get; } = Files("--compare", "Compare two saved results; takes no MODEL.");

    public Option<bool> ColdStart { get; } = new("--cold-start")
    {
        Description = "Measure program starts instead: from the start of the process to the first samples."
    };

    public (Option<string?> Times, Option<string?> Profile, Option<string?> LayerInfo) Exports { get; } =
    (
        new("--export-times", "--exportTimes") { Description = "When each part of each call began and ended, as trtexec's JSON." },
        new("--export-profile", "--exportProfile") { Description = "What each layer took, as trtexec's JSON." },
        new("--export-layer-info", "--exportLayerInfo") { Description = "What the layers are, as the engine inspector's JSON." }
    );

    public Option<string?> Report { get; } = new("--report")
    {
        Description = "Pictures and tables as one .html file, or the pictures alone as a .png."
    };

    public Option<bool> Force { get; } = Options.Force();

    /// <summary>Given by this program to itself: the moment of the start, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public Option<long?> ColdStartChild { get; } = new("--cold-start-child") { Hidden = true };

    public string Model(CommandCall call) =>
        call.Get(_model) ?? throw CliException.Usage(
            "A MODEL is missing; only 'bench --url http://HOST:8000' and 'bench --compare a.json b.json' go without one.");

    public string? ModelOrNull(CommandCall call) => call.Get(_model);

    /// <summary>How to measure; lengths are read.</summary>
    /// <param name="call">The command line.</param>
    /// <param name="models">Whose options they are.</param>
    public BenchOptions Read(CommandCall call, params ReadOnlySpan<string> models)
    {
        string mode = call.Get(_mode)!;
        return new BenchOptions
        {
            Workloads = ReadWorkloads(call, [DefaultFrames], null),
            WarmUp = TimeSpan.FromMilliseconds(call.Get(_warmUp)),
            Duration = TimeSpan.FromSeconds(call.Get(_duration)),
            Iterations = call.Get(_iterations),
            IsSequential = mode is "sequential" or "both",
            IsPipelined = mode is "pipelined" or "both",
            Sessions = call.Get(_sessions),
            Vocoder = _engine.Complete(new VocoderOptions
            {
                Threads = call.Get(_threads),
                InverseStftThreads = call.Get(_istftThreads),
                RunsInFlight = call.Get(_inFlight),
                Windows = ReadWindows(_windows, call)!,
            }, call, models),
            Cancellation = call.WatchForStop(),
        };
    }

    /// <summary>What is decoded; the lengths are read.</summary>
    private List<Workload> ReadWorkloads(CommandCall call, int[] otherwise, string? otherwiseSource)
    {
        int[] batches = [.. ReadNumbers(_batch.Name, call.Get(_batch)!, LengthList.ParseBatches).Distinct()];
        List<Workload> workloads = [];
        if (call.Get(_frames) is { } frames)
            workloads.AddRange(ReadNumbers(_frames.Name, frames, LengthList.ParseOption).Distinct()
                .SelectMany(length => batches.Select(batch => new Workload([length], batch, null))));
        if (call.Get(_lengths) is { } source)
        {
            if (source != LengthList.Bundled)
                InputFile.ThrowIfMissing(source);
            int[] lengths = LengthList.Read(source);
            workloads.AddRange(batches.Select(batch => new Workload(lengths, batch, source)));
        }
        if (workloads.Count == 0)
            workloads.AddRange(batches.Select(batch => new Workload(otherwise, batch, otherwiseSource)));
        if (workloads.Max(workload => (long)workload.Batch * workload.Longest) > MaxFramesOfACall)
            throw CliException.Usage($"--batch times the longest length is more than {MaxFramesOfACall} frames a call.");
        return workloads;
    }

    /// <summary>Which server to measure, and how; null where this process decodes.</summary>
    public ServedCall? ReadServed(CommandCall call)
    {
        string? url = call.Get(_url);
        if (url is null)
        {
            foreach (Option option in (Option[])[_servedModel, _concurrency, _rate, _timeout])
                if (call.Has(option))
                    throw CliException.Usage($"{option.Name} is for servers: give --url.");
            return null;
        }
        string? path = ModelOrNull(call);
        Option[] always =
        [
            _frames, _lengths, _batch, _warmUp, _duration, _iterations, _url, _servedModel, _concurrency, _rate, _timeout,
            _engine.SampleRate,
        ];
        Option[] ofModel = [_threads, _istftThreads, _windows, _inFlight, .. _engine.Symbols.Cast<Option>()];
        foreach (Option option in Symbols.OfType<Option>().Except(always))
            if (call.Has(option) && !(path is not null && ofModel.Contains(option)))
                throw CliException.Usage(
                    $"--url and {option.Name} exclude each other{(ofModel.Contains(option) ? " without a MODEL" : "")}.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https")
            || address.Query.Length + address.Fragment.Length > 0)
            throw CliException.Usage($"--url '{url}': expected http://HOST:PORT, like http://localhost:8000.");
        IEnumerable<double> clients = ReadList(
            _concurrency, call, "clients from 1 to 1024, like 1,4,16", 1, KServeClient.MaxConnections, isWhole: true);
        IEnumerable<double> rates = ReadList(_rate, call, "requests a second, like 10,50,100", 0.001, 1_000_000, isWhole: false);
        List<ServedLoad> loads =
            [.. clients.Select(count => new ServedLoad((int)count, 0)), .. rates.Select(rate => new ServedLoad(0, rate))];
        return new ServedCall
        {
            Address = address,
            Model = call.Get(_servedModel) ?? "vocos",
            Path = path,
            Loads = loads.Count > 0 ? loads : [new ServedLoad(1, 0)],
            Timeout = TimeSpan.FromSeconds(call.Get(_timeout)),
            SampleRate = call.Get(_engine.SampleRate),
            Bench = Read(call, path is null ? [] : [path]) with
            {
                Workloads = ReadWorkloads(call, LengthList.Read(LengthList.Bundled), LengthList.Bundled),
            },
        };
    }

    /// <summary>Frames of a push; null where whole decodes are measured.</summary>
    public int? ReadStream(CommandCall call) => call.Get(_stream);

    /// <summary>Windows of the second of two models; null where they are those of the first.</summary>
    public WindowPolicy? ReadVersusWindows(CommandCall call) => ReadWindows(_versusWindows, call);

    /// <summary>Where the second of two models' inverse STFT is done; null where it is as the first's.</summary>
    public InverseStftPlace? ReadVersusInverseStft(CommandCall call) =>
        call.Get(_versusInverseStft) is { } place ? Enum.Parse<InverseStftPlace>(place, ignoreCase: true) : null;

    private static int[] ReadNumbers(string option, string text, Func<string, string, int[]> parse)
    {
        try
        {
            return parse(option, text);
        }
        catch (FormatException error)
        {
            throw CliException.Usage(error.Message);
        }
    }

    private static IEnumerable<double> ReadList(
        Option<string?> option, CommandCall call, string expected, double least, double most, bool isWhole)
    {
        NumberStyles style = isWhole ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        return (call.Get(option)?.Split(',') ?? []).Select(part =>
            double.TryParse(part, style, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
                ? number
                : throw CliException.Usage($"{option.Name} {call.Get(option)}: expected {expected}.")).Distinct();
    }

    private static WindowPolicy? ReadWindows(Option<string?> option, CommandCall call)
    {
        try
        {
            return call.Get(option) is { } text ? WindowPolicy.Parse(text) : null;
        }
        catch (FormatException error)
        {
            throw CliException.Usage($"{option.Name}: {error.Message}");
        }
    }

    private static Option<string[]> Files(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore };
}
