using System.Buffers;
using System.Text;
using System.Text.Json;
using TrtVocoder.Profiling;

namespace TrtVocoder.NativeLibrary;

/// <summary>A profiler's times as <c>trtvocoder_session_get_profile</c> gives them.</summary>
internal static class ProfileJson
{
    public static string Write(DecodeProfiler profiler)
    {
        IReadOnlyList<DecodeTimes> decodes = profiler.GetDecodes();
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("decodes", profiler.Count);
            json.WriteNumber("kept", decodes.Count);
            json.WriteNumber("shapeChanges", decodes.Count(decode => decode.ChangedShape));
            json.WriteStartObject("parts");
            foreach (DecodePart part in Enum.GetValues<DecodePart>())
                Write(json, part, profiler.GetStatistics(part));
            json.WriteEndObject();
            if (decodes.Count > 0)
                Write(json, decodes[^1]);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, DecodePart part, TimingStatistics times)
    {
        json.WriteStartObject(JsonNamingPolicy.CamelCase.ConvertName(part.ToString()));
        json.WriteNumber("count", times.Count);
        if (times.Count > 0)
        {
            json.WriteNumber("minMs", times.Min);
            json.WriteNumber("meanMs", times.Mean);
            json.WriteNumber("medianMs", times.Median);
            json.WriteNumber("p90Ms", times.P90);
            json.WriteNumber("p95Ms", times.P95);
            json.WriteNumber("p99Ms", times.P99);
            json.WriteNumber("maxMs", times.Max);
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, in DecodeTimes last)
    {
        json.WriteStartObject("last");
        json.WriteNumber("batch", last.Batch);
        json.WriteNumber("frames", last.Frames);
        json.WriteNumber("windows", last.Windows);
        json.WriteNumber("computedFrames", last.ComputedFrames);
        json.WriteBoolean("changedShape", last.ChangedShape);
        json.WriteBoolean("usedGraph", last.UsedGraph);
        foreach (DecodePart part in Enum.GetValues<DecodePart>())
            json.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(part.ToString()) + "Ms", last[part]);
        json.WriteEndObject();
    }
}
