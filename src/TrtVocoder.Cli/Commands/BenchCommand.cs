using System.CommandLine;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>bench</c>: where a decode's time goes, and whether one thing is faster than another.</summary>
internal sealed class BenchCommand
{
    private const string Examples = """
        trtvocoder bench vocos.engine --frames 64,256,512 --report bench.html
        trtvocoder bench vocos.onnx --lengths f5tts --mode sequential
        trtvocoder bench vocos.engine --export-times times.json --export-profile layers.json --export-layer-info graph.json
        trtvocoder bench vocos.engine --versus vocos-fp16.engine
        trtvocoder bench vocos.onnx --json > ours.json; trtvocoder bench vocos.onnx --against torch.json
        trtvocoder bench --compare before.json after.json
        """;

    private readonly BenchArguments _arguments;

    private BenchCommand(BenchArguments arguments) => _arguments = arguments;

    public static string Define(Command command)
    {
        CommandLine.SetAction(command, new BenchCommand(new BenchArguments(command)).Run);
        return Examples;
    }

    private int Run(ParseResult result, CommandOutput output)
    {
        if (result.GetValue(_arguments.Compare) is { Length: > 0 } saved)
            return CompareSaved(saved, result, output);
        string path = _arguments.Model(result);
        BenchOptions options = _arguments.Read(result);
        if (result.GetValue(_arguments.ColdStartChild) is { } started)
        {
            _arguments.ApplyEngineOptions(result, output, path);
            ColdStartChild.Run(started, CommandLine.EntryTimestamp, () => ModelSource.Load(path, options.Vocoder, output), options);
            return ExitCode.Success;
        }
        BenchOutputs outputs = BenchOutputs.Read(_arguments, result, output);
        BenchResult[] against = [.. (result.GetValue(_arguments.Against) ?? []).Select(ReadSaved)];
        if (result.GetValue(_arguments.ColdStart))
            return RunColdStart(path, options, outputs, output);

        string? other = result.GetValue(_arguments.Versus);
        WindowPolicy? otherWindows = _arguments.ReadVersusWindows(result);
        _arguments.ApplyEngineOptions(result, output, path, other ?? path);
        using BenchModel model = Load(path, options.Vocoder, output);
        Check(model, options);
        if (other is not null || otherWindows is not null)
        {
            if (outputs.IsAny || against.Length > 0)
                throw CliException.Usage("--versus only compares: leave --against, --report and the exports out.");
            using BenchModel second = Load(other ?? path, options.Vocoder with { Windows = otherWindows ?? options.Vocoder.Windows }, output);
            return RunVersus(model, second, options, output);
        }
        return RunAlone(model, options, outputs, against, output);
    }

    private static int RunAlone(BenchModel model, BenchOptions options, BenchOutputs outputs, BenchResult[] against, CommandOutput output)
    {
        using StatusLine status = new(output);
        DecodeProfiler profiler = new(capacity: 1);
        List<BenchRun> runs = [];
        foreach (Workload workload in options.Workloads)
        {
            if (options.IsSequential)
                runs.Add(Show(status, workload, BenchRun.Sequential, () => SequentialBench.Run(model, workload, options, profiler)));
            if (options.IsPipelined)
                runs.Add(Show(status, workload, BenchRun.Pipelined, () => PipelinedBench.Run(model, workload, options)));
        }
        LayerReport? layers = null;
        if (outputs.NeedsLayers && Directory.Exists(model.Path))
            throw CliException.Usage($"{model.Path} is a checkpoint, whose layers are those of the model that it is exported to: run 'trtvocoder export' first and give the .onnx.");
        if (outputs.NeedsLayers)
            layers = Show(status, options.Workloads[^1], "layers", () => LayerBench.Run(model, options.Workloads[^1], options));
        status.Clear();

        BenchResult bench = MakeResult(model, runs, options);
        output.Line($"{model.Path}: {model.Vocoder.Info.Backend}; {bench.Machine!.Cpu}, {bench.Machine.Cores} cores");
        foreach (string line in runs.SelectMany(BenchText.Describe))
            output.Line(line);
        if (against.Length > 0)
        {
            output.Line("");
            foreach (string line in ResultsTable.Describe(bench, against))
                output.Line(line);
        }
        outputs.Write(bench, layers, output);
        output.Json(writer =>
        {
            BenchJson.Write(writer, bench);
            if (against.Length > 0)
                ResultsTable.Write(writer, bench, against);
        });
        return ExitCode.Success;
    }

    private static int RunVersus(BenchModel first, BenchModel second, BenchOptions options, CommandOutput output)
    {
        Check(second, options);
        using StatusLine status = new(output);
        List<PairedComparison> all = [.. options.Workloads.Select(workload => Show(status, workload, "in turn", () => PairedComparison.Run(first, second, workload, options)))];
        status.Clear();
        (string a, string b) = first.Path != second.Path ? (first.Name, second.Name)
            : first.Options.Windows.Equals(second.Options.Windows) ? (first.Name, "itself")
            : ($"windows {first.Options.Windows}", $"windows {second.Options.Windows}");
        foreach (PairedComparison versus in all)
            output.Line($"{versus.Title}: {BenchText.Describe(versus.Ratio, $"{a} ({BenchText.Ms(versus.First.Times.Median)} ms)", $"{b} ({BenchText.Ms(versus.Second.Times.Median)} ms)")}");
        output.Line($"{InterleavedRounds.Count} interleaved rounds each; {first.Vocoder.Info.Backend} and {second.Vocoder.Info.Backend}");
        output.Json(writer =>
        {
            BenchJson.Write(writer, MakeResult(first, [], options));
            writer.WriteString("versus", second.Path);
            writer.WriteString("windows", first.Options.Windows.ToString());
            writer.WriteString("versus_windows", second.Options.Windows.ToString());
            writer.WriteStartArray("comparisons");
            all.ForEach(versus => versus.Write(writer));
            writer.WriteEndArray();
        });
        return ExitCode.Success;
    }

    private int RunColdStart(string path, BenchOptions options, BenchOutputs outputs, CommandOutput output)
    {
        if (outputs.IsAny)
            throw CliException.Usage("--cold-start measures program starts only: leave --report and the exports out.");
        using StatusLine status = new(output);
        BenchRun run = Show(status, options.Workloads[0], "cold start", () => LaunchColdStarts(options));
        status.Clear();
        output.Line($"{path}: {options.Iterations} starts of this program, {run.Frames} frames decoded; medians");
        foreach ((string name, string text) in (ReadOnlySpan<(string, string)>)[.. ColdStart.Steps, (ColdStart.Total, "process start to first samples"), (ColdStart.SecondDecode, "second decode")])
            output.Line($"  {text,-30}  {run[name]!.Times.Median.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture),8} ms");
        output.Json(writer => BenchJson.Write(writer, new BenchResult { Tool = Tool, Device = "cold start", Model = path, Machine = Machine.This, Runs = [run] }));
        return ExitCode.Success;
    }

    private BenchRun LaunchColdStarts(BenchOptions options)
    {
        try
        {
            return ColdStart.Run(_arguments.ColdStartChild.Name, options.Workloads[0], options.Iterations, options.Cancellation);
        }
        catch (FailedStartException error)
        {
            throw new CliException(error.ExitCode, error.Message);
        }
    }

    private static BenchModel Load(string path, VocoderOptions options, CommandOutput output) =>
        ModelSource.Load(path, output, file => BenchModel.Load(file, path, options));

    private static BenchResult ReadSaved(string path)
    {
        InputFile.ThrowIfMissing(path);
        return BenchJson.Read(path);
    }

    private int CompareSaved(string[] files, ParseResult result, CommandOutput output)
    {
        if (files.Length != 2)
            throw CliException.Usage($"--compare takes two files, a.json b.json; {files.Length} given.");
        if (_arguments.ModelOrNull(result) is { } model)
            throw CliException.Usage($"--compare takes no model; to put {model} beside saved results use --against.");
        (BenchResult first, BenchResult second) = (ReadSaved(files[0]), ReadSaved(files[1]));
        List<(BenchRun Run, string Series)> rows = [.. ResultsTable.Rows(first, [second])];
        if (rows.Count == 0)
            throw CliException.BadInput($"{files[0]} and {files[1]} have no workload in common (lengths, batch, mode, sessions).");
        foreach ((BenchRun run, string series) in rows)
            output.Line($"{run.Title}, {SeriesName.ForPeople(series)}: {BenchText.Describe(TimeRatio.OfRuns(run[series]!, ResultsTable.Find(run, second)![series]!), files[0], files[1])}");
        output.Note("The two were not interleaved: how the machine changed between them is not in the intervals; 'bench MODEL --versus MODEL2' measures in turn.");
        if (first.Machine != second.Machine)
            output.Note("The two come from different machines.");
        output.Json(writer =>
        {
            BenchJson.Write(writer, first);
            ResultsTable.Write(writer, first, [second]);
        });
        return ExitCode.Success;
    }

    private static string Tool => $"TrtVocoder {CommandLine.Version}";

    private static BenchResult MakeResult(BenchModel model, IReadOnlyList<BenchRun> runs, BenchOptions options) =>
        new() { Tool = Tool, Device = model.Device, Model = model.Path, Machine = Machine.This, Settings = options.Describe(model), Runs = runs };

    private static T Show<T>(StatusLine status, Workload workload, string what, Func<T> run)
    {
        status.Show($"{(workload.IsReplay ? workload.Source : $"{workload.Lengths[0]} frames")}, {what} …");
        return run();
    }

    /// <summary>Decodes the shortest and the longest input once, so that what the model refuses is said before anything is measured.</summary>
    private static void Check(BenchModel model, BenchOptions options)
    {
        foreach (Workload workload in options.Workloads)
        {
            int shortest = workload.Lengths.Min();
            if (model.Vocoder.GetSampleCount(shortest) == 0)
                throw CliException.BadInput($"{shortest} frame decodes to no samples with this model's padding; at least 2 are needed.");
            float[] mel = BenchMel.Make(workload.Batch * model.Vocoder.MelCount * workload.Longest), audio = new float[workload.Batch * model.Vocoder.GetSampleCount(workload.Longest)];
            using VocoderSession session = model.Vocoder.CreateSession();
            foreach (int frames in (int[])[shortest, workload.Longest])
                session.DecodeBatch(mel.AsSpan(0, workload.Batch * model.Vocoder.MelCount * frames), workload.Batch, frames, audio);
        }
    }
}
