using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>PyTorch's typed storages: the class's name, the type when it is a floating-point one, bytes a value.</summary>
internal sealed record TorchStorageType(string Name, FloatFormat? Type, int ElementSize)
{
    /// <summary>Every storage class that may occur in a checkpoint, by its name in the module <c>torch</c>.</summary>
    public static readonly IReadOnlyDictionary<string, TorchStorageType> All = new TorchStorageType[]
    {
        new("FloatStorage", FloatFormat.F32, 4),
        new("HalfStorage", FloatFormat.F16, 2),
        new("BFloat16Storage", FloatFormat.BF16, 2),
        new("DoubleStorage", FloatFormat.F64, 8),
        new("LongStorage", null, 8),
        new("IntStorage", null, 4),
        new("ShortStorage", null, 2),
        new("CharStorage", null, 1),
        new("ByteStorage", null, 1),
        new("BoolStorage", null, 1),
    }.ToDictionary(type => type.Name, StringComparer.Ordinal);
}

/// <summary>A run of values in the file that tensors are views of; several tensors may share one.</summary>
internal sealed class TorchStorage(TorchStorageType type, string key, long elementCount)
{
    public TorchStorageType Type => type;

    public string Key => key;

    public long ElementCount => elementCount;

    /// <summary>Gives the values' bytes, exactly <see cref="ElementCount"/> of them; set once the file's form is known.</summary>
    public Func<ReadOnlyMemory<byte>>? Read { get; set; }
}
