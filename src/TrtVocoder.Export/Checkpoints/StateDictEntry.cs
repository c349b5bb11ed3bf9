using System.Collections.Immutable;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>A tensor of a state dict, whose values are read when they are asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="ForeignType">Its type's name where that is no floating-point type.</param>
/// <param name="Read">Reads it.</param>
internal sealed record StateDictEntry(string Name, ImmutableArray<int> Shape, string? ForeignType, Func<FloatTensor> Read)
{
    /// <summary>How many values are read for it.</summary>
    public long ReadCount { get; init; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The tensors of a file of torch.save or of safetensors, told apart by their first bytes.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <exception cref="DataFormatException">The file is damaged, or of another kind.</exception>
    public static IReadOnlyList<StateDictEntry> ReadAll(byte[] file, string source)
    {
        // A safetensors header is JSON after 8 bytes of length, so it cannot be mistaken for a zip file or a pickle.
        if (file.Length > 8 && file[8] == (byte)'{')
        {
            SafetensorsFile tensors = SafetensorsFile.Read(file, source);
            return
            [
                .. tensors.Tensors.Select(pair => new StateDictEntry(pair.Key, pair.Value.Shape, null, () => pair.Value)),
                .. tensors.Skipped.Select(skipped => new StateDictEntry(skipped.Name, skipped.Shape, skipped.Type, NoValues)),
            ];
        }
        if (!TorchFile.IsTorchFile(file))
            throw new DataFormatException(
                $"{source} is neither a file of torch.save nor of safetensors{FileContent.Describe(file, source)}.");
        return [.. TorchFile.Read(file, source).Select(pair =>
            new StateDictEntry(pair.Key, pair.Value.Shape, pair.Value.ForeignType, pair.Value.ToFloatTensor))];
    }

    /// <summary>Row <paramref name="row"/> of a table [rows, columns], as a vector of its own.</summary>
    public StateDictEntry SelectRow(string name, int row) => new(name, [Shape[1]], ForeignType, () =>
    {
        FloatTensor table = Read();
        return new FloatTensor([Shape[1]], table.Values.Slice(row * Shape[1], Shape[1]).ToArray());
    })
    {
        ReadCount = ReadCount,
    };

    private static FloatTensor NoValues() => throw new InvalidOperationException("Only floating-point tensors can be read.");
}
