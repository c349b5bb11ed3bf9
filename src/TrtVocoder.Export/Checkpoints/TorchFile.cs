using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// The tensors of a file that <c>torch.save</c> wrote (pytorch_model.bin, .ckpt, .pt): zip form or the older non-zip one.
/// </summary>
internal static class TorchFile
{
    /// <summary>Whether a file begins like one of the two forms.</summary>
    public static bool IsTorchFile(ReadOnlySpan<byte> file) => TorchZipFile.IsZip(file) || file is [0x80, ..];

    /// <summary>
    /// Reads the state dict: the file's own dict, or the one under <c>state_dict</c> that training frameworks wrap it in.
    /// </summary>
    /// <exception cref="DataFormatException">The file is malformed, or holds anything that no tensor needs.</exception>
    public static IReadOnlyDictionary<string, TorchTensor> Read(byte[] file, string source)
    {
        object? root = TorchZipFile.IsZip(file) ? TorchZipFile.Load(file, source) : TorchLegacyFile.Load(file, source);
        if (root is PickleDictionary checkpoint && checkpoint.Items.GetValueOrDefault("state_dict") is PickleDictionary nested)
            root = nested;
        if (root is TorchTensor { Shape: var shape })
            throw new DataFormatException(
                $"{source} is one tensor {FloatTensor.FormatShape(shape.AsSpan())} that torch.save wrote, not weights; a mel is saved by "
                    + $"numpy.save('mel.npy', mel.numpy()).");
        if (root is not PickleDictionary stateDict)
            throw new DataFormatException(
                $"{source} was written by torch.save but holds {(root is List<object?> or object?[]? "a list" : "a single value")}, no "
                    + $"dict of tensors; save the model's state_dict().");
        Dictionary<string, TorchTensor> tensors = new(StringComparer.Ordinal);
        foreach ((string name, object? value) in stateDict.Items)
            if (value is TorchTensor tensor)
                tensors.Add(name, tensor);
        return tensors.Count > 0 ? tensors : throw NoTensors(stateDict, source);
    }

    // Other programs keep their weights one dict deeper.
    private static DataFormatException NoTensors(PickleDictionary root, string source)
    {
        string[] inner = [.. root.Items.Where(pair => pair.Value is PickleDictionary dictionary
            && dictionary.Items.Values.Any(value => value is TorchTensor)).Select(pair => pair.Key)];
        string held = string.Join(", ", root.Items.Keys.Take(8).Select(key => $"'{PrintableText.Name(key)}'"));
        return new DataFormatException(inner.Length > 0
            ? $"{source} is a checkpoint of another program: its tensors lie under "
                + $"{string.Join(", ", inner.Take(4).Select(key => $"'{PrintableText.Name(key)}'"))}; "
                + $"save that dict alone: torch.save(checkpoint['{PrintableText.Name(inner[0])}'], 'pytorch_model.bin')."
            : $"{source} holds no tensors{(held.Length > 0 ? $", only {held}" : "")}; save the model's state_dict().");
    }
}
