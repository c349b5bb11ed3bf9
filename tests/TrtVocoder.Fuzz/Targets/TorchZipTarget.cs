using System.Collections.Immutable;
using System.IO.Compression;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>Checkpoints in the zip form of <c>torch.save</c>: views that repeat values, storages of other sizes, entries that are compressed or shared.</summary>
internal class TorchZipTarget : FuzzTarget
{
    private static readonly string[] Classes = ["FloatStorage", "HalfStorage", "BFloat16Storage", "DoubleStorage", "LongStorage"];

    public override string Name => "torch-zip";

    public override IReadOnlyList<byte[]> Seeds => field ??= [.. Enumerable.Range(1, 3).Select(seed => Valid(RandomCheckpoint.Create(RandomCheckpoint.Smallest, seed), Classes[seed - 1]))];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        // Now and then all of a large model's tensors from a single value.
        bool isExpanded = random.Next(12) == 0;
        VocosConfig config = CheckpointInput.RandomConfig(random);
        if (isExpanded)
            config = config with { Dim = random.Next(100, 1024), IntermediateDim = random.Next(100, 1024), LayerCount = random.Next(1, 100) };
        TorchFileWriter writer = new()
        {
            Wrapper = random.Next(4) == 0 ? "state_dict" : null,
            LittleEndian = random.Next(20) > 0,
            Extra = random.Next(8) == 0 ? pickle => PickleTarget.WriteTrick(random, pickle) : null,
        };
        string storageClass = Classes[random.Next(random.Next(4) == 0 ? Classes.Length : 4)];
        // Values of one storage for all, at least as many as the largest tensor needs, or one for each of its tensors, or a single value.
        int count = isExpanded ? 1 : random.Next(8) switch { < 3 => 1, < 7 => random.Next(1, 2000), _ => ByteMutator.Count(random, 200_000) };
        writer.AddStorage("0", storageClass, new float[count]);
        int odd = random.Next(4) == 0 ? 20 : int.MaxValue;
        foreach ((string name, ImmutableArray<int> shape) in VocosWeights.GetWeightShapes(config))
        {
            long[] sizes = [.. shape.Select(size => (long)size)];
            long[] strides = TorchFileWriter.GetStrides(sizes);
            long elements = sizes.Aggregate(1L, (product, size) => product * size);
            if (elements > count)
                Array.Clear(strides);
            if (random.Next(odd) == 0)
                strides[random.Next(strides.Length)] = ByteMutator.Number(random);
            if (random.Next(odd) == 0)
                sizes[random.Next(sizes.Length)] = ByteMutator.Number(random);
            writer.AddView(name, new TorchView("0", random.Next(odd) == 0 ? ByteMutator.Number(random) : 0, sizes, strides, random.Next(8) == 0));
        }
        return CheckpointInput.Join(config, Finish(random, Write(writer)));
    }

    public override void Run(byte[] input) => _ = CheckpointInput.Load(input, "model.bin").Warnings;

    /// <summary>The form under test.</summary>
    protected virtual byte[] Write(TorchFileWriter writer) => writer.ToZip();

    /// <summary>What the form itself allows to be forged.</summary>
    protected virtual byte[] Finish(Random random, byte[] file)
    {
        if (random.Next(6) > 0)
            return file;
        // The same archive with an entry packed: the data.pkl, or one that unpacks to a thousand times its size.
        using ZipArchive from = new(new MemoryStream(file));
        using MemoryStream to = new();
        using (ZipArchive archive = new(to, ZipArchiveMode.Create, leaveOpen: true))
            foreach (ZipArchiveEntry entry in from.Entries)
            {
                bool isPacked = random.Next(3) == 0;
                using Stream source = entry.Open();
                using Stream target = archive.CreateEntry(entry.FullName, isPacked ? CompressionLevel.Fastest : CompressionLevel.NoCompression).Open();
                source.CopyTo(target);
                if (isPacked && random.Next(8) == 0)
                    target.Write(new byte[ByteMutator.Count(random, 200 << 20)]);
            }
        return to.ToArray();
    }

    private byte[] Valid(VocosCheckpoint checkpoint, string storageClass) =>
        CheckpointInput.Join(checkpoint.Config, Write(TorchFileWriter.FromTensors(checkpoint.Tensors, storageClass)));
}
