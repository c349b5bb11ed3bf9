using System.CommandLine;
using System.Globalization;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>bench</c>: where a decode's time goes, and whether one thing is faster than another.</summary>
internal sealed class BenchCommand : CliCommand
{
    private readonly BenchArguments _arguments = new();

    public override string Examples => """
        trtvocoder bench vocos.engine --frames 64,256,512 --report bench.html
        trtvocoder bench vocos.onnx --lengths f5tts --mode sequential
        trtvocoder bench vocos.engine --export-times times.json --export-profile layers.json --export-layer-info graph.json
        trtvocoder bench vocos.engine --batch 1,4,16 --busy-host
        trtvocoder bench vocos.engine --versus vocos-fp16.engine
        trtvocoder bench vocos-streaming.onnx --stream 10 --versus vocos.onnx
        trtvocoder bench vocos.onnx --json > ours.json; trtvocoder bench vocos.onnx --against torch.json
        trtvocoder bench --compare before.json after.json
        """;

    public override IEnumerable<Symbol> Symbols => _arguments.Symbols;

    public override CommandResult Run(CommandCall call)
    {
        CommandOutput output = call.Output;
        if (call.Get(_arguments.Compare) is { Length: > 0 } saved)
            return CompareSaved(saved, call);
        string path = _arguments.Model(call);
        string? other = call.Get(_arguments.Versus);
        BenchOptions options = _arguments.Read(call, path, other ?? path);
        if (call.Get(_arguments.ColdStartChild) is { } started)
            return new BenchPrinted(
                [ColdStartChild.Run(started, call.Started, () => ModelSource.Load(path, options.Vocoder, output, _arguments.ReadCheckpoint(call)), options)], _ => { });
        BenchOutputs outputs = BenchOutputs.Read(_arguments, call);
        BenchResult[] against = [.. (call.Get(_arguments.Against) ?? []).Select(ReadSaved)];
        if (call.Get(_arguments.ColdStart))
            return RunColdStart(path, options, outputs, output);

        if (_arguments.ReadStream(call) is { } chunk)
        {
            if (outputs.IsAny || against.Length > 0)
                throw CliException.Usage("--stream measures pushes only: leave --against, --report and the exports out.");
            return RunStream(path, other, chunk, options, call);
        }

        WindowPolicy? otherWindows = _arguments.ReadVersusWindows(call);
        InverseStftPlace? otherPlace = _arguments.ReadVersusInverseStft(call);
        using BenchModel model = Load(path, options.Vocoder, call);
        Check(model, options);
        bool isBusy = call.Get(_arguments.BusyHost);
        if (other is not null || otherWindows is not null || otherPlace is not null)
        {
            if (outputs.IsAny || against.Length > 0 || isBusy)
                throw CliException.Usage("--versus only compares: leave --against, --report, --busy-host and the exports out.");
            using BenchModel second = Load(other ?? path, options.Vocoder with
            {
                Windows = otherWindows ?? options.Vocoder.Windows,
                InverseStft = otherPlace ?? options.Vocoder.InverseStft,
            }, call);
            return RunVersus(model, second, options, output);
        }
        return RunAlone(model, options, isBusy, outputs, against, output);
    }

    private static BenchPrinted RunAlone(
        BenchModel model, BenchOptions options, bool isBusy, BenchOutputs outputs, BenchResult[] against, CommandOutput output)
    {
        using StatusLine status = new(output);
        DecodeProfiler profiler = new(capacity: 1);
        List<BenchRun> runs = [];
        foreach (Workload workload in options.Workloads)
        {
            if (options.IsSequential)
                runs.Add(Show(status, workload, BenchRun.Sequential, () => SequentialBench.Run(model, workload, options, profiler)));
            if (isBusy)
                runs.Add(Show(status, workload, BenchRun.SequentialBusy, () => SequentialBench.RunBusy(model, workload, options, profiler)));
            if (options.IsPipelined)
                runs.Add(Show(status, workload, BenchRun.Pipelined, () => PipelinedBench.Run(model, workload, options)));
        }
        LayerReport? layers = null;
        if (outputs.NeedsLayers && ModelSource.IsCheckpoint(model.Path))
            throw CliException.Usage($"{model.Path} is a checkpoint, whose layers are those of the model that it is exported to: run "
                + $"'trtvocoder export' first and give the .onnx.");
        if (outputs.NeedsLayers)
            layers = Show(status, options.Workloads[^1], "layers", () => LayerBench.Run(model, options.Workloads[^1], options));
        status.Clear();

        BenchResult bench = MakeResult(model, runs, options);
        outputs.Write(bench, layers, output);
        return new BenchPrinted(
            [
                $"{model.Path}: {model.Vocoder.Info.Backend}; {bench.Machine!.Cpu}, {bench.Machine.Cores} cores",
                .. runs.SelectMany(BenchText.Describe),
                .. against.Length > 0 ? ResultsTable.Describe(bench, against).Prepend("") : [],
            ],
            writer =>
            {
                BenchJson.Write(writer, bench);
                if (against.Length > 0)
                    ResultsTable.Write(writer, bench, against);
            });
    }

    private static BenchPrinted RunVersus(BenchModel first, BenchModel second, BenchOptions options, CommandOutput output)
    {
        Check(second, options);
        using StatusLine status = new(output);
        List<PairedComparison> all = [.. options.Workloads.Select(workload => Show(status, workload, "in turn", () => PairedComparison.Run(first, second, workload, options)))];
        status.Clear();
        (string a, string b) = first.Path != second.Path ? (first.Name, second.Name)
            : first.Options.InverseStft != second.Options.InverseStft ? ($"inverse STFT {Name(first)}", $"inverse STFT {Name(second)}")
            : first.Options.Windows.Equals(second.Options.Windows) ? (first.Name, "itself")
            : ($"windows {first.Options.Windows}", $"windows {second.Options.Windows}");
        BenchResult measured = MakeResult(first, [], options);
        string otherPath = second.Path, windows = first.Options.Windows.ToString(), otherWindows = second.Options.Windows.ToString();
        return new BenchPrinted(
            [
                .. all.Select(versus =>
                    $"{versus.Title}: "
                        + $"{BenchText.Describe(versus.Ratio, $"{a} ({BenchText.Ms(versus.First.Times.Median)} ms)", $"{b} ({BenchText.Ms(versus.Second.Times.Median)} ms)")}"),
                $"{InterleavedRounds.Count} interleaved rounds each; {first.Vocoder.Info.Backend} and {second.Vocoder.Info.Backend}",
            ],
            writer =>
            {
                BenchJson.Write(writer, measured);
                writer.WriteString("versus", otherPath);
                writer.WriteString("windows", windows);
                writer.WriteString("versus_windows", otherWindows);
                writer.WriteString("inverse_stft", Name(first));
                writer.WriteString("versus_inverse_stft", Name(second));
                writer.WriteStartArray("comparisons");
                all.ForEach(versus => versus.Write(writer));
                writer.WriteEndArray();
            });
    }

    private static string Name(BenchModel model) => model.Options.InverseStft.ToString().ToLowerInvariant();

    private BenchPrinted RunStream(string path, string? otherPath, int chunk, BenchOptions options, CommandCall call)
    {
        using BenchModel model = Load(path, options.Vocoder, call);
        using BenchModel? other = otherPath is null ? null : Load(otherPath, options.Vocoder, call);
        Check(other ?? model, options);
        using StatusLine status = new(call.Output);
        List<StreamBench> all = [.. options.Workloads.Select(workload => Show(status, workload, "pushes", () => StreamBench.Measure(model, other, chunk, workload.Longest, options)))];
        status.Clear();
        BenchResult measured = MakeResult(model, [.. all.Select(stream => stream.Run)], options);
        (int first, int lookahead) = (all[0].FirstSampleFrames, all[0].LookaheadFrames);
        return new BenchPrinted(
            [
                $"{path}: {model.Vocoder.Info.Backend}; first samples after {first} frames, look-ahead {lookahead} frames",
                .. all.SelectMany(stream => BenchText.Describe(stream.Run).Concat(stream.Comparisons.Select(pair =>
                    $"  {pair.Title}: {BenchText.Describe(pair.Ratio, $"it ({BenchText.Ms(pair.First.Times.Median)} ms)", $"the push ({BenchText.Ms(pair.Second.Times.Median)} ms)")}"))),
            ],
            writer =>
            {
                BenchJson.Write(writer, measured);
                writer.WriteNumber("first_sample_frames", first);
                writer.WriteNumber("lookahead_frames", lookahead);
                writer.WriteStartArray("comparisons");
                foreach (PairedComparison pair in all.SelectMany(stream => stream.Comparisons))
                    pair.Write(writer);
                writer.WriteEndArray();
            });
    }

    private BenchPrinted RunColdStart(string path, BenchOptions options, BenchOutputs outputs, CommandOutput output)
    {
        if (outputs.IsAny)
            throw CliException.Usage("--cold-start measures program starts only: leave --report and the exports out.");
        using StatusLine status = new(output);
        BenchRun run = Show(status, options.Workloads[0], "cold start", () => LaunchColdStarts(options));
        status.Clear();
        IEnumerable<(string Name, string Text)> steps = [.. ColdStart.Steps, (ColdStart.Total, "process start to first samples"),
            (ColdStart.SecondDecode, "second decode")];
        return new BenchPrinted(
            [
                $"{path}: {options.Iterations} starts of this program, {run.Frames} frames decoded; medians",
                .. steps.Select(step => string.Create(CultureInfo.InvariantCulture,
                    $"  {step.Text,-30}  {run[step.Name]!.Times.Median,8:0.00} ms")),
            ],
            writer => BenchJson.Write(writer, new BenchResult { Tool = Tool, Device = "cold start", Model = path, Machine = Machine.This, Runs = [run] }));
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

    private BenchModel Load(string path, VocoderOptions options, CommandCall call) =>
        ModelSource.Load(path, call.Output, file => BenchModel.Load(file, path, options), _arguments.ReadCheckpoint(call));

    private static BenchResult ReadSaved(string path)
    {
        InputFile.ThrowIfMissing(path);
        return BenchJson.Read(path);
    }

    private BenchPrinted CompareSaved(string[] files, CommandCall call)
    {
        CommandOutput output = call.Output;
        if (files.Length != 2)
            throw CliException.Usage($"--compare takes two files, a.json b.json; {files.Length} given.");
        if (_arguments.ModelOrNull(call) is { } model)
            throw CliException.Usage($"--compare takes no model; to put {model} beside saved results use --against.");
        (BenchResult first, BenchResult second) = (ReadSaved(files[0]), ReadSaved(files[1]));
        List<(BenchRun Run, string Series)> rows = [.. ResultsTable.Rows(first, [second])];
        if (rows.Count == 0)
            throw CliException.BadInput($"{files[0]} and {files[1]} have no workload in common (lengths, batch, mode, sessions).");
        output.Note("The two were not interleaved: how the machine changed between them is not in the intervals; 'bench MODEL --versus "
            + "MODEL2' measures in turn.");
        if (first.Machine != second.Machine)
            output.Note("The two come from different machines.");
        return new BenchPrinted(
            [.. rows.Select(row =>
                $"{row.Run.Title}, {SeriesName.ForPeople(row.Series)}: "
                    + $"{BenchText.Describe(TimeRatio.OfRuns(row.Run[row.Series]!, ResultsTable.Find(row.Run, second)![row.Series]!), files[0], files[1])}")],
            writer =>
            {
                BenchJson.Write(writer, first);
                ResultsTable.Write(writer, first, [second]);
            });
    }

    private static string Tool => $"TrtVocoder {ProgramVersion.Text}";

    private static BenchResult MakeResult(BenchModel model, IReadOnlyList<BenchRun> runs, BenchOptions options) =>
        new() { Tool = Tool, Device = model.Device, Model = model.Path, Machine = Machine.This, Settings = options.Describe(model), Runs = runs };

    private static T Show<T>(StatusLine status, Workload workload, string what, Func<T> run)
    {
        status.Show($"{(workload.IsReplay ? workload.Source : $"{workload.Lengths[0]} frames")}, {what} …");
        return run();
    }

    /// <summary>
    /// Decodes the shortest and the longest input once, so that what the model refuses is said before anything is measured.
    /// </summary>
    private static void Check(BenchModel model, BenchOptions options)
    {
        foreach (Workload workload in options.Workloads)
        {
            int shortest = workload.Lengths.Min();
            if (model.Vocoder.GetSampleCount(shortest) == 0)
                throw CliException.BadInput($"{shortest} frame decodes to no samples with this model's padding; at least 2 are needed.");
            float[] mel = BenchMel.Make(workload.Batch * model.Vocoder.MelCount * workload.Longest),
                audio = new float[workload.Batch * model.Vocoder.GetSampleCount(workload.Longest)];
            using VocoderSession session = model.Vocoder.CreateSession();
            foreach (int frames in (int[])[shortest, workload.Longest])
                session.DecodeBatch(mel.AsSpan(0, workload.Batch * model.Vocoder.MelCount * frames), workload.Batch, frames, audio);
        }
    }
}
