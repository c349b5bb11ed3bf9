using System.Text.Json;
using TrtVocoder.Profiling;

namespace TrtVocoder.GpuTests;

/// <summary>One JSON object on one line of standard output.</summary>
internal sealed class JsonLine : IDisposable
{
    private readonly MemoryStream _stream = new();
    private readonly Utf8JsonWriter _writer;

    public JsonLine()
    {
        _writer = new Utf8JsonWriter(_stream);
        _writer.WriteStartObject();
    }

    public JsonLine Text(string name, string value)
    {
        _writer.WriteString(name, value);
        return this;
    }

    public JsonLine Number(string name, double value)
    {
        _writer.WriteNumber(name, Math.Round(value, 6));
        return this;
    }

    public JsonLine Statistics(string name, TimingStatistics times)
    {
        _writer.WriteStartObject(name);
        Number("count", times.Count).Number("min", times.Min).Number("mean", times.Mean).Number("median", times.Median)
            .Number("p90", times.P90).Number("p95", times.P95).Number("p99", times.P99);
        _writer.WriteEndObject();
        return this;
    }

    public void Dispose()
    {
        _writer.WriteEndObject();
        _writer.Dispose();
        Console.WriteLine(System.Text.Encoding.UTF8.GetString(_stream.ToArray()));
    }
}
