using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// The tensors of a file that <c>torch.save</c> wrote (pytorch_model.bin, .ckpt, .pt): zip form or the older non-zip one.
/// </summary>
internal static class TorchFile
{
    private const int MaxDictionaries = 10_000;
    private const int MaxTensors = 65_536;
    private const int MaxDepth = 4;
    private const int MaxNameLength = 256;

    /// <summary>Whether a file begins like one of the two forms.</summary>
    public static bool IsTorchFile(ReadOnlySpan<byte> file) => TorchZipFile.IsZip(file) || file is [0x80, ..];

    /// <summary>
    /// Reads the tensors of all dicts in the file, those of inner ones under names joined by dots: training frameworks keep the state
    /// dict under <c>state_dict</c>, <c>model</c>, <c>generator</c> or another name.
    /// </summary>
    /// <exception cref="DataFormatException">The file is malformed, or holds anything that no tensor needs.</exception>
    public static IReadOnlyDictionary<string, TorchTensor> Read(byte[] file, string source)
    {
        object? root = TorchZipFile.IsZip(file) ? TorchZipFile.Load(file, source) : TorchLegacyFile.Load(file, source);
        if (root is TorchTensor { Shape: var shape })
            throw new DataFormatException(
                $"{source} is one tensor {FloatTensor.FormatShape(shape.AsSpan())} that torch.save wrote, not weights; a mel is saved by "
                    + $"numpy.save('mel.npy', mel.numpy()).");
        if (root is not PickleDictionary outermost)
            throw new DataFormatException(
                $"{source} was written by torch.save but holds {(root is List<object?> or object?[]? "a list" : "a single value")}, no "
                    + $"dict of tensors; save the model's state_dict().");
        Dictionary<string, TorchTensor> tensors = new(StringComparer.Ordinal);
        int visits = 0;
        Collect(outermost, "", 0);
        if (tensors.Count > 0)
            return tensors;
        string held = string.Join(", ", outermost.Items.Keys.Take(8).Select(key => $"'{PrintableText.Name(key)}'"));
        throw new DataFormatException(
            $"{source} holds no tensors{(held.Length > 0 ? $", only {held}" : "")}; save the model's state_dict().");

        // A dict may be recalled within others again and again, hence the bounds.
        void Collect(PickleDictionary dictionary, string prefix, int depth)
        {
            if (++visits > MaxDictionaries)
                throw new DataFormatException($"{source} holds more than {MaxDictionaries} dicts within dicts; save the model's "
                    + $"state_dict() alone.");
            foreach ((string name, object? value) in dictionary.Items)
            {
                if (value is TorchTensor tensor && tensors.Count < MaxTensors)
                    tensors.TryAdd(prefix + name, tensor);
                else if (value is PickleDictionary inner && depth < MaxDepth && name.Length <= MaxNameLength)
                    Collect(inner, $"{prefix}{name}.", depth + 1);
            }
        }
    }
}
