using System.CommandLine;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary>The command line of <c>bench</c>. Options that trtexec has are called as there.</summary>
internal sealed class BenchArguments
{
    private const int DefaultFrames = 256;
    private const long MaxFramesOfACall = 1_000_000;
    private const int MaxSessions = 256;

    private readonly Argument<string?> _model = new("MODEL") { Description = "Model: .onnx, .engine or a checkpoint folder.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _frames = new("--frames") { Description = "Lengths in frames, each measured by itself: 64,256,512. Default: 256." };
    private readonly Option<string?> _lengths = new("--lengths") { Description = $"Replay lengths in the order of a file, one in frames a line; {LengthList.Bundled}: the bundled list." };
    private readonly Option<int> _batch = Number("--batch", "Mels of every call.", 1);
    private readonly Option<int> _warmUp = Number("--warm-up", "Milliseconds that each series runs unmeasured.", 200, "--warmUp");
    private readonly Option<double> _duration = new("--duration") { Description = "Seconds that each series is measured.", DefaultValueFactory = _ => 3 };
    private readonly Option<int> _iterations = Number("--iterations", "Calls that are measured at least.", 10);
    private readonly Option<string> _mode = ExportCommand.Choice("--mode", "sequential: one decode at a time; pipelined: several sessions at once.", "both", "sequential", "pipelined", "both");
    private readonly Option<int> _sessions = Number("--sessions", "Sessions at once when pipelined.", 2);
    private readonly Option<int> _threads = Number("--threads", "CPU threads of the decoder; 0: the backend's choice.", 0);
    private readonly Option<int> _istftThreads = Number("--istft-threads", "Threads of a session's inverse STFT; 0: the library's choice.", 0);
    private readonly Option<string?> _windows = new("--windows") { Description = "Windows that cover inputs: auto, off, or lengths in frames (64,128,256).", DefaultValueFactory = _ => "auto" };
    private readonly Option<int> _inFlight = Number("--in-flight", "Windows and batches under way at once in a session; 0: the backend's choice.", 0);
    private readonly Option<string?> _versusWindows = new("--versus-windows") { Description = "Time the model in turn with itself, or with --versus' model, under these windows." };
    private readonly EngineOptions _engine;

    public BenchArguments(Command command)
    {
        command.Arguments.Add(_model);
        foreach (Option option in (Option[])
            [_frames, _lengths, _batch, _warmUp, _duration, _iterations, _mode, _sessions, _threads, _istftThreads, _windows, _inFlight,
             Versus, _versusWindows, Against, Compare, ColdStart, Exports.Times, Exports.Profile, Exports.LayerInfo, Report, Force, ColdStartChild])
            command.Options.Add(option);
        _engine = new EngineOptions(command);
    }

    public Option<string?> Versus { get; } = new("--versus") { Description = "Time another model in turn with this one, and say which is faster." };

    public Option<string[]> Against { get; } = Files("--against", "Put saved results (--json > a.json, or a baseline's) beside this run.");

    public Option<string[]> Compare { get; } = Files("--compare", "Compare two saved results; takes no MODEL.");

    public Option<bool> ColdStart { get; } = new("--cold-start") { Description = "Measure program starts instead: from the start of the process to the first samples." };

    public (Option<string?> Times, Option<string?> Profile, Option<string?> LayerInfo) Exports { get; } =
    (
        new("--export-times", "--exportTimes") { Description = "When each part of each call began and ended, as trtexec's JSON." },
        new("--export-profile", "--exportProfile") { Description = "What each layer took, as trtexec's JSON." },
        new("--export-layer-info", "--exportLayerInfo") { Description = "What the layers are, as the engine inspector's JSON." }
    );

    public Option<string?> Report { get; } = new("--report") { Description = "Pictures and tables as one .html file, or the pictures alone as a .png." };

    public Option<bool> Force { get; } = new("--force", "-f") { Description = "Replace existing files." };

    /// <summary>Given by this program to itself: the moment of the start, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public Option<long?> ColdStartChild { get; } = new("--cold-start-child") { Hidden = true };

    public string Model(ParseResult result) =>
        result.GetValue(_model) ?? throw CliException.Usage("A MODEL is missing; only 'bench --compare a.json b.json' goes without one.");

    public string? ModelOrNull(ParseResult result) => result.GetValue(_model);

    /// <summary>How to measure; lengths are read.</summary>
    public BenchOptions Read(ParseResult result)
    {
        int batch = AtLeast(1, _batch, result);
        List<Workload> workloads = [];
        if (result.GetValue(_frames) is { } frames)
            workloads.AddRange(ReadFrames(frames).Distinct().Select(length => new Workload([length], batch, null)));
        if (result.GetValue(_lengths) is { } source)
        {
            if (source != LengthList.Bundled)
                InputFile.ThrowIfMissing(source);
            workloads.Add(new Workload(LengthList.Read(source), batch, source));
        }
        if (workloads.Count == 0)
            workloads.Add(new Workload([DefaultFrames], batch, null));
        if ((long)batch * workloads.Max(workload => workload.Longest) > MaxFramesOfACall)
            throw CliException.Usage($"--batch times the longest length is more than {MaxFramesOfACall} frames a call.");
        if (result.GetValue(_duration) is var duration && !(duration is >= 0 and <= 86400))
            throw CliException.Usage("--duration must be 0 to 86400 seconds.");
        if (AtLeast(1, _sessions, result) > MaxSessions)
            throw CliException.Usage($"--sessions must be at most {MaxSessions}.");
        string mode = result.GetValue(_mode)!;
        CommandLine.CancelsItself = true;
        return new BenchOptions
        {
            Workloads = workloads,
            WarmUp = TimeSpan.FromMilliseconds(AtLeast(0, _warmUp, result)),
            Duration = TimeSpan.FromSeconds(duration),
            Iterations = AtLeast(1, _iterations, result),
            IsSequential = mode is "sequential" or "both",
            IsPipelined = mode is "pipelined" or "both",
            Sessions = result.GetValue(_sessions),
            Vocoder = new VocoderOptions
            {
                Threads = AtLeast(0, _threads, result),
                InverseStftThreads = AtLeast(0, _istftThreads, result),
                RunsInFlight = AtLeast(0, _inFlight, result),
                Windows = ReadWindows(_windows, result)!,
                Model = _engine.Hints(result),
            },
            Cancellation = CommandLine.CancellationToken,
        };
    }

    /// <summary>Windows of the second of two models; null where they are those of the first.</summary>
    public WindowPolicy? ReadVersusWindows(ParseResult result) => ReadWindows(_versusWindows, result);

    /// <summary>Makes engines use the options given.</summary>
    public void ApplyEngineOptions(ParseResult result, CommandOutput output, params ReadOnlySpan<string> models) => _engine.Apply(result, output, models);

    private int[] ReadFrames(string text)
    {
        try
        {
            return LengthList.ParseOption(_frames.Name, text);
        }
        catch (FormatException error)
        {
            throw CliException.Usage(error.Message);
        }
    }

    private static WindowPolicy? ReadWindows(Option<string?> option, ParseResult result)
    {
        try
        {
            return result.GetValue(option) is { } text ? WindowPolicy.Parse(text) : null;
        }
        catch (FormatException error)
        {
            throw CliException.Usage($"{option.Name}: {error.Message}");
        }
    }

    private static int AtLeast(int least, Option<int> option, ParseResult result) =>
        result.GetValue(option) is var value && value >= least ? value : throw CliException.Usage($"{option.Name} must be {least} or more.");

    private static Option<int> Number(string name, string description, int otherwise, params string[] aliases) =>
        new(name, aliases) { Description = description, DefaultValueFactory = _ => otherwise };

    private static Option<string[]> Files(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore };
}
