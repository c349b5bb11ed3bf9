using System.Text;
using System.Text.Json;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>
/// The files that trtexec writes, with its keys (samples/common/sampleReporting.cpp), so that tools made for them read ours.
/// </summary>
internal static class TrtexecFiles
{
    /// <summary><c>--exportTimes</c>: when each part of each call began and ended. What a CPU has not, is 0.</summary>
    public static void WriteTimes(Stream stream, IEnumerable<DecodeTimes> decodes) => Write(stream, writer =>
    {
        writer.WriteStartArray();
        foreach (DecodeTimes decode in decodes)
        {
            NetworkTimes times = decode.Network;
            writer.WriteStartObject();
            writer.WriteNumber("startEnqMs", times.EnqueueStartMs);
            writer.WriteNumber("endEnqMs", times.EnqueueEndMs);
            writer.WriteNumber("startH2dMs", times.HostToDeviceStartMs);
            writer.WriteNumber("endH2dMs", times.HostToDeviceStartMs + times.HostToDeviceMs);
            writer.WriteNumber("startComputeMs", times.ComputeStartMs);
            writer.WriteNumber("endComputeMs", times.ComputeEndMs);
            writer.WriteNumber("startD2hMs", times.DeviceToHostEndMs - times.DeviceToHostMs);
            writer.WriteNumber("endD2hMs", times.DeviceToHostEndMs);
            writer.WriteNumber("h2dMs", times.HostToDeviceMs);
            // What the GPU computes: of trtexec's parts the inverse STFT behind the network is one with it.
            writer.WriteNumber("computeMs", times.ComputeMs + times.InverseStftMs);
            writer.WriteNumber("d2hMs", times.DeviceToHostMs);
            writer.WriteNumber("latencyMs", times.LatencyMs);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    /// <summary><c>--exportProfile</c>: what each layer took.</summary>
    public static void WriteProfile(Stream stream, LayerReport report) => Write(stream, writer =>
    {
        writer.WriteStartArray();
        writer.WriteStartObject();
        writer.WriteNumber("count", report.Runs);
        writer.WriteEndObject();
        foreach (LayerTimes layer in report.Layers)
        {
            writer.WriteStartObject();
            writer.WriteString("name", layer.Name);
            writer.WriteNumber("timeMs", layer.TotalMs);
            writer.WriteNumber("averageMs", layer.Times.Mean);
            writer.WriteNumber("medianMs", layer.Times.Median);
            writer.WriteNumber("percentage", layer.Percentage);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    /// <summary><c>--exportLayerInfo</c>: the inspector's own text.</summary>
    public static void WriteLayerInfo(Stream stream, LayerReport report) =>
        stream.Write(Encoding.UTF8.GetBytes(report.InfoJson.TrimEnd() + "\n"));

    private static void Write(Stream stream, Action<Utf8JsonWriter> content)
    {
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
            content(writer);
        stream.Write("\n"u8);
    }
}
