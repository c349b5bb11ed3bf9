using System.Text;
using TrtVocoder.Benchmarking.Serving;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>What a server says of a model, and what it has counted: <c>bench --url</c>.</summary>
internal sealed class ServedJsonTarget : FuzzTarget
{
    public override string Name => "served-json";

    public override double Weight => 1;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        """
        {"name": "vocos", "versions": ["1"], "platform": "", "inputs": [{"name": "mel", "datatype": "FP32", "shape": [-1, 100, -1]}],
        "outputs": [{"name": "waveform", "datatype": "FP32", "shape": [-1, -1]}]}
        """u8.ToArray(),
        """{"model_stats": [{"name": "vocos", "version": "1", "inference_count": 12, "execution_count": 3}]}"""u8.ToArray(),
    ];

    public override byte[] Mutate(Random random, byte[] seed) => Encoding.UTF8.GetBytes(JsonMutator.Mutate(random, Encoding.UTF8.GetString(seed)));

    public override void Run(byte[] input)
    {
        if (input.AsSpan().IndexOf("model_stats"u8) >= 0)
            _ = new ServedFacts(default, [], ServedStatistics.Parse(input, "x") - default(ServedStatistics)).MelsPerExecution;
        else
            _ = ServedModel.Parse(input, "x").ToString();
    }
}
