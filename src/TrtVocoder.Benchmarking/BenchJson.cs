using System.Text.Json;
using TrtVocoder.Benchmarking.Serving;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>A <see cref="BenchResult"/> as JSON; docs/cli.md names the members.</summary>
internal static class BenchJson
{
    private const int MaxBytes = 16 << 20;

    public static void Write(Utf8JsonWriter writer, BenchResult result)
    {
        writer.WriteString("tool", result.Tool);
        writer.WriteString("device", result.Device);
        writer.WriteString("model", result.Model);
        if (result.Machine is { } machine)
        {
            writer.WriteStartObject("machine");
            writer.WriteString("cpu", machine.Cpu);
            writer.WriteNumber("cores", machine.Cores);
            writer.WriteString("os", machine.Os);
            writer.WriteEndObject();
        }
        if (result.Settings.Count > 0)
        {
            writer.WriteStartObject("settings");
            foreach ((string name, string value) in result.Settings)
                writer.WriteString(name, value);
            writer.WriteEndObject();
        }
        writer.WriteStartArray("runs");
        foreach (BenchRun run in result.Runs)
            Write(writer, run);
        writer.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter writer, string name, BenchSeries series)
    {
        TimingStatistics times = series.Times;
        writer.WriteStartObject(name);
        writer.WriteNumber("count", times.Count);
        writer.WriteNumber("min", times.Min);
        writer.WriteNumber("max", times.Max);
        writer.WriteNumber("mean", times.Mean);
        writer.WriteNumber("median", times.Median);
        writer.WriteNumber("p90", times.P90);
        writer.WriteNumber("p95", times.P95);
        writer.WriteNumber("p99", times.P99);
        if (series.RoundMedians.Count > 0)
        {
            writer.WriteStartArray("rounds");
            foreach (double median in series.RoundMedians)
                writer.WriteNumberValue(median);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    /// <summary>Reads a file that this program or a baseline wrote.</summary>
    /// <exception cref="DataFormatException">It is not what they write.</exception>
    public static BenchResult Read(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(WholeFile.Read(path, MaxBytes));
            JsonElement root = document.RootElement;
            return new BenchResult
            {
                Tool = Text(root, "tool"),
                Device = Text(root, "device"),
                Model = Text(root, "model"),
                Machine = root.TryGetProperty("machine", out JsonElement machine)
                    ? new Machine(Text(machine, "cpu"), Member(machine, "cores").GetInt32(), Text(machine, "os"))
                    : null,
                Runs = [.. Member(root, "runs").EnumerateArray().Select(ReadRun)],
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new DataFormatException($"{path} is not what 'trtvocoder bench --json' or a baseline writes: {Reason(error)}");
        }
    }

    private static void Write(Utf8JsonWriter writer, BenchRun run)
    {
        writer.WriteStartObject();
        if (run.Frames is { } frames)
            writer.WriteNumber("frames", frames);
        if (run.Lengths is { } lengths)
            writer.WriteString("lengths", lengths);
        writer.WriteNumber("batch", run.Batch);
        writer.WriteString("mode", run.Mode);
        writer.WriteNumber("sessions", run.Sessions);
        WriteOptional("audio_s", run.AudioSeconds);
        WriteOptional("real_time_factor", run.RealTimeFactor);
        WriteOptional("times_real_time", 1 / run.RealTimeFactor);
        WriteOptional("throughput_per_s", run.Throughput);
        if (run.Served is { } served)
            Write(writer, served);
        if (run.Covers is { } covers)
        {
            writer.WriteNumber("windows", covers.Windows);
            writer.WriteNumber("computed_frames", covers.ComputedFrames);
        }
        if (run.UsedGraph is { } usedGraph)
            writer.WriteBoolean("used_graph", usedGraph);
        if (run.ShapeChanges is { } changes)
            writer.WriteNumber("shape_changes", changes.Changed);
        if (run.State is { } state)
        {
            writer.WriteNumber("kept_shapes", state.KeptShapes);
            writer.WriteNumber("captured_shapes", state.CapturedShapes);
            if (state.EvictedShapes > 0)
                writer.WriteNumber("evicted_shapes", state.EvictedShapes);
            if (state.CaptureRefusal is { } refusal)
                writer.WriteString("capture_refusal", refusal);
            writer.WriteNumber("device_bytes", state.DeviceBytes);
            writer.WriteNumber("host_bytes", state.HostBytes);
        }
        foreach ((string name, BenchSeries series) in run.Series)
            Write(writer, name, series);
        writer.WriteEndObject();

        void WriteOptional(string name, double? value)
        {
            if (value is { } number)
                writer.WriteNumber(name, number);
        }
    }

    private static void Write(Utf8JsonWriter writer, ServedFacts served)
    {
        if (served.Load.IsOpen)
            writer.WriteNumber("rate_per_s", served.Load.Rate);
        else
            writer.WriteNumber("clients", served.Load.Clients);
        if (served.Counted is { } counted)
        {
            writer.WriteNumber("execution_count", counted.Executions);
            writer.WriteNumber("inference_count", counted.Inferences);
        }
        if (served.MelsPerExecution is { } mels)
            writer.WriteNumber("mels_per_execution", mels);
        if (served.WorstDb is { } worst)
        {
            writer.WriteBoolean("equal", double.IsPositiveInfinity(worst));
            if (double.IsFinite(worst))
                writer.WriteNumber("worst_db", worst);
        }
        writer.WriteNumber("failed", served.Failed);
        writer.WriteStartArray("failures");
        foreach (ServedFailure failure in served.Failures)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", failure.Kind);
            writer.WriteNumber("count", failure.Count);
            writer.WriteString("first", failure.First);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static BenchRun ReadRun(JsonElement run) => new()
    {
        Frames = run.TryGetProperty("frames", out JsonElement frames) ? frames.GetInt32() : null,
        Lengths = run.TryGetProperty("lengths", out JsonElement lengths) ? lengths.GetString() : null,
        Batch = run.TryGetProperty("batch", out JsonElement batch) ? batch.GetInt32() : 1,
        Mode = run.TryGetProperty("mode", out JsonElement mode) ? mode.GetString()! : BenchRun.Sequential,
        Sessions = run.TryGetProperty("sessions", out JsonElement sessions) ? sessions.GetInt32() : 1,
        Series = [.. run.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Object)
            .Select(member => KeyValuePair.Create(member.Name, ReadSeries(member.Value)))],
    };

    private static BenchSeries ReadSeries(JsonElement series)
    {
        TimingStatistics times = new(
            series.TryGetProperty("count", out JsonElement count) ? count.GetInt32() : 0, Number("min"),
            series.TryGetProperty("max", out JsonElement max) ? max.GetDouble() : 0, Number("mean"), Number("median"), Number("p90"),
            Number("p95"), Number("p99"));
        return new BenchSeries(times, series.TryGetProperty("rounds", out JsonElement rounds) ? [.. rounds.EnumerateArray().Select(median => median.GetDouble())] : []);

        double Number(string name) => Member(series, name).GetDouble();
    }

    private static string Text(JsonElement parent, string name) =>
        Member(parent, name).GetString() ?? throw new FormatException($"'{name}' is null.");

    private static JsonElement Member(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) ? value : throw new FormatException($"'{name}' is missing.");

    private static string Reason(Exception error) => error switch
    {
        FormatException => error.Message,
        JsonException { LineNumber: { } line } => $"it is no JSON from line {line + 1} on.",
        _ => "a member has another type than it should.",
    };
}
