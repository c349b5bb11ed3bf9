using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>Weights without a config, under any names and in any shapes: prefixes, layouts, tables of conditioned normalisations.</summary>
internal sealed class StateDictTarget : FuzzTarget
{
    private static readonly string[] Parts = ["backbone.", "module.", "_orig_mod.", "ema.", "decoder.", "encoder.", "layers.", "convnext.", "embed.weight", "norm.scale.weight", "norm.weight", "0.dwconv.weight", "head.out.weight", "window"];

    public override string Name => "state-dict";

    public override IReadOnlyList<byte[]> Seeds => field ??= [Make(FormulaWeights.Create(RandomCheckpoint.Smallest)), Make(FormulaWeights.Create(RandomCheckpoint.Smallest, rows: 3))];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(RandomCheckpoint.Smallest with { Dim = 2 }, random.Next(3));
        string prefix = random.Next(2) == 0 ? "" : Parts[random.Next(8)];
        tensors = tensors.ToDictionary(pair => prefix + pair.Key, pair => pair.Value);
        for (int edits = ByteMutator.Count(random, 6); edits > 0; edits--)
        {
            string name = tensors.Keys.ElementAt(random.Next(tensors.Count));
            FloatTensor tensor = tensors[name];
            switch (random.Next(4))
            {
                case 0: tensors.Remove(name); break;
                case 1: tensors[name.Replace("backbone.", Parts[random.Next(Parts.Length)], StringComparison.Ordinal)] = tensor; break;
                case 2: tensors[name] = new FloatTensor([tensor.Values.Length], tensor.Values.ToArray()); break;
                default: tensors[Parts[random.Next(Parts.Length)] + Parts[random.Next(Parts.Length)]] = tensor; break;
            }
            if (tensors.Count == 0)
                break;
        }
        return Make(tensors);
    }

    public override void Run(byte[] input)
    {
        CheckpointOptions options = new() { BandwidthId = input.Length % 3 == 0 ? input.Length % 5 : null };
        VocosCheckpoint checkpoint = VocosCheckpoint.FromBytes(null, input, "x.safetensors", options, []);
        if (checkpoint.Warnings.Any(note => PrintableText.Clean(note) != note))
            throw new InvalidOperationException("A note is not printable.");
    }

    private static byte[] Make(Dictionary<string, FloatTensor> tensors)
    {
        using MemoryStream file = new();
        SafetensorsFile.Write(file, tensors);
        return file.ToArray();
    }
}
