namespace TrtVocoder.Export.Checkpoints;

/// <summary>The tensors of a file that <c>torch.save</c> wrote (pytorch_model.bin, .ckpt, .pt): zip form or the older non-zip one.</summary>
internal static class TorchFile
{
    /// <summary>Whether a file begins like one of the two forms.</summary>
    public static bool IsTorchFile(ReadOnlySpan<byte> file) => TorchZipFile.IsZip(file) || file is [0x80, ..];

    /// <summary>Reads the state dict: the file's own dict, or the one under <c>state_dict</c> that training frameworks wrap it in.</summary>
    /// <exception cref="DataFormatException">The file is malformed, or holds anything that no tensor needs.</exception>
    public static IReadOnlyDictionary<string, TorchTensor> Read(byte[] file, string source)
    {
        object? root = TorchZipFile.IsZip(file) ? TorchZipFile.Load(file, source) : TorchLegacyFile.Load(file, source);
        if (root is PickleDictionary checkpoint && checkpoint.Items.GetValueOrDefault("state_dict") is PickleDictionary nested)
            root = nested;
        if (root is not PickleDictionary stateDict)
            throw new DataFormatException($"{source} holds no dict of tensors; save the model's state_dict().");
        Dictionary<string, TorchTensor> tensors = new(StringComparer.Ordinal);
        foreach ((string name, object? value) in stateDict.Items)
            if (value is TorchTensor tensor)
                tensors.Add(name, tensor);
        return tensors;
    }
}
