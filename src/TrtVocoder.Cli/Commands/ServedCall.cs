using System.Globalization;
using System.Text.Json;
using TrtVocoder.Benchmarking;
using TrtVocoder.Benchmarking.Serving;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>bench --url</c>: a server under load.</summary>
internal sealed record ServedCall
{
    private const int DefaultSampleRate = 24000;

    // Far above what a server takes in a request.
    private const long MaxMelBytes = 1 << 30;

    /// <summary>The server.</summary>
    public required Uri Address { get; init; }

    /// <summary>What it calls the model.</summary>
    public required string Model { get; init; }

    /// <summary>A model to compare its answers with; null: they are not compared.</summary>
    public required string? Path { get; init; }

    public required IReadOnlyList<ServedLoad> Loads { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>Samples a second, which servers do not tell; null: the model's, or 24000.</summary>
    public required int? SampleRate { get; init; }

    /// <summary>What is asked for, and how long.</summary>
    public required BenchOptions Bench { get; init; }

    /// <summary>Runs all loads.</summary>
    /// <param name="output">Where words go.</param>
    /// <param name="tool">This program's name for results.</param>
    /// <param name="load">Loads <see cref="Path"/>.</param>
    public ServedResult Run(CommandOutput output, string tool, Func<string, BenchModel> load)
    {
        using KServeClient client = new(Address, Timeout);
        try
        {
            return Run(client, output, tool, load);
        }
        catch (ServerException error)
        {
            throw new CliException(ExitCode.Server, error.Message);
        }
    }

    private ServedResult Run(KServeClient client, CommandOutput output, string tool, Func<string, BenchModel> load)
    {
        ServedModel model = ReadModel(client);
        using BenchModel? own = Path is null ? null : load(Path);
        if (own is not null && own.Vocoder.MelCount != model.MelCount)
            throw CliException.BadInput($"{client.Name}'s model '{Model}' takes {model.MelCount} mel bands, {Path} {own.Vocoder.MelCount}.");
        using StatusLine status = new(output);
        List<BenchRun> runs = [];
        foreach (Workload workload in Bench.Workloads)
        {
            if (workload.Batch > 1 && !model.HasBatch)
                throw CliException.Usage($"--batch {workload.Batch}: {client.Name}'s model '{Model}' takes one mel a request.");
            if ((long)sizeof(float) * workload.Batch * model.MelCount * workload.Longest > MaxMelBytes)
                throw CliException.Usage(
                    $"--batch times the longest length times {model.MelCount} mel bands is more than {MaxMelBytes} bytes a request.");
            status.Show("first requests …");
            ServedRequests requests = new(model, workload.Batch, workload.Longest);
            ServedBench bench = new(client, model, requests, new ServedOptions
            {
                Workload = workload,
                SampleRate = SampleRate ?? own?.Vocoder.Metadata.SampleRate ?? DefaultSampleRate,
                WarmUp = Bench.WarmUp,
                Duration = Bench.Duration,
                Iterations = Bench.Iterations,
                Judge = own is null ? null : AnswerJudge.Make(own.Vocoder, requests, workload, Bench.Cancellation),
                Cancellation = Bench.Cancellation,
            });
            bench.Check();
            foreach (ServedLoad one in Loads)
            {
                status.Show($"{one.Title} …");
                runs.Add(bench.Run(one));
            }
        }
        status.Clear();
        BenchResult result = new()
        {
            Tool = tool,
            Device = client.Name,
            Model = Model,
            Machine = Machine.This,
            Settings =
            [
                new("command", BenchOptions.CommandLine),
                new("served", model.ToString()),
                new("warm_up_ms", Text(Bench.WarmUp.TotalMilliseconds)),
                new("duration_s", Text(Bench.Duration.TotalSeconds)),
                new("iterations", Text(Bench.Iterations)),
                new("timeout_s", Text(Timeout.TotalSeconds)),
            ],
            Runs = runs,
        };
        return new ServedResult(result, $"{client.Name}, {Model}: {model}; asked from {result.Machine.Cpu}, {result.Machine.Cores} cores");
    }

    private ServedModel ReadModel(KServeClient client)
    {
        try
        {
            return client.ReadModelAsync(Model, Bench.Cancellation).GetAwaiter().GetResult();
        }
        catch (ServerException error) when (error.Status is 400 or 404)
        {
            throw CliException.Usage($"{client.Name} has no model '{Model}' (--served-model): {error.Message}");
        }
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What a server did under load.</summary>
/// <param name="Bench">The runs.</param>
/// <param name="Title">The first line for people.</param>
internal sealed record ServedResult(BenchResult Bench, string Title) : CommandResult
{
    /// <summary>A load of which nothing was answered measured nothing.</summary>
    public override int ExitCode =>
        Bench.Runs.All(run => run[SeriesName.Answer]!.Times.Count > 0) ? Running.ExitCode.Success : Running.ExitCode.Server;

    public override IEnumerable<string> ToLines() => [Title, .. ServedText.Describe(Bench.Runs)];

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        BenchJson.Write(writer, Bench);
        WriteNotes(writer);
        writer.WriteEndObject();
    }
}
