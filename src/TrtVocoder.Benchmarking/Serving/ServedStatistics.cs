using System.Text.Json;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>What a server has counted of a model, over its versions.</summary>
/// <param name="Executions">Calls of the model.</param>
/// <param name="Inferences">Mels in them.</param>
internal readonly record struct ServedStatistics(long Executions, long Inferences)
{
    /// <summary>Reads the answer of the statistics extension (<c>/v2/models/NAME/stats</c>).</summary>
    /// <param name="json">What the server wrote.</param>
    /// <param name="source">Where, for messages.</param>
    /// <exception cref="ServerException">It is no such answer.</exception>
    public static ServedStatistics Parse(ReadOnlyMemory<byte> json, string source) => ServerJson.Read(json, root =>
    {
        ServedStatistics sum = default;
        foreach (JsonElement version in ServerJson.Member(root, "model_stats").EnumerateArray())
            sum = new(
                sum.Executions + ServerJson.Member(version, "execution_count").GetInt64(),
                sum.Inferences + ServerJson.Member(version, "inference_count").GetInt64());
        return sum;
    }, source);

    public static ServedStatistics operator -(ServedStatistics left, ServedStatistics right) =>
        new(left.Executions - right.Executions, left.Inferences - right.Inferences);
}
