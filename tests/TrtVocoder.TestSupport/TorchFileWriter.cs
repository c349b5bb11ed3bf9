using System.Buffers.Binary;
using System.IO.Compression;
using TrtVocoder.Files;

namespace TrtVocoder.TestSupport;

/// <summary>A tensor as a view of a storage.</summary>
internal sealed record TorchView(string StorageKey, long Offset, long[] Sizes, long[] Strides, bool IsParameter = false);

/// <summary>Writes checkpoints as <c>torch.save</c> does, in both forms (torch/serialization.py, <c>_save</c> and <c>_legacy_save</c>).</summary>
internal sealed class TorchFileWriter
{
    private readonly SortedDictionary<string, (string Class, long Count, byte[] Bytes)> _storages = new(StringComparer.Ordinal);
    private readonly List<(string Name, TorchView View)> _tensors = [];

    /// <summary>The key of the dict around the state dict, as training frameworks have it; null for none.</summary>
    public string? Wrapper { get; init; }

    /// <summary>What the pickle says of the machine.</summary>
    public bool LittleEndian { get; init; } = true;

    /// <summary>Writes something beside the tensors, under the name <c>extra</c>.</summary>
    public Action<PickleWriter>? Extra { get; init; }

    /// <summary>Each tensor in a storage of its own, of the given class (<c>FloatStorage</c>).</summary>
    public static TorchFileWriter FromTensors(IReadOnlyDictionary<string, FloatTensor> tensors, string storageClass = "FloatStorage", Action<PickleWriter>? extra = null)
    {
        TorchFileWriter writer = new() { Extra = extra };
        writer.AddAll(tensors, storageClass);
        return writer;
    }

    /// <summary>A file of the zip form that holds what a pickle says.</summary>
    public static byte[] Wrap(byte[] pickle)
    {
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open())
            entry.Write(pickle);
        return file.ToArray();
    }

    /// <summary>A tensor by itself, as <c>torch.save(mel, …)</c> writes it; its values are not there.</summary>
    public static byte[] SavedTensor(params long[] sizes)
    {
        PickleWriter pickle = new();
        pickle.Global("torch._utils", "_rebuild_tensor_v2");
        pickle.Tuple(
            () =>
            {
                pickle.Tuple(
                    () => pickle.Text("storage"), () => pickle.Global("torch", "FloatStorage"), () => pickle.Text("0"), () => pickle.Text("cpu"),
                    () => pickle.Integer(sizes.Aggregate(1L, (product, size) => product * size)));
                pickle.Opcode('Q');
            },
            () => pickle.Integer(0), () => pickle.Integers(sizes), () => pickle.Integers(GetStrides(sizes)));
        pickle.Opcode('R');
        return Wrap(pickle.Finish());
    }

    public void AddAll(IReadOnlyDictionary<string, FloatTensor> tensors, string storageClass = "FloatStorage")
    {
        foreach ((string name, FloatTensor tensor) in tensors)
            Add(name, tensor, storageClass);
    }

    public void Add(string name, FloatTensor tensor, string storageClass = "FloatStorage", bool isParameter = false)
    {
        string key = _storages.Count.ToString("D4", System.Globalization.CultureInfo.InvariantCulture);
        AddStorage(key, storageClass, tensor.Values);
        long[] sizes = [.. tensor.Shape.Select(size => (long)size)];
        AddView(name, new TorchView(key, 0, sizes, GetStrides(sizes), isParameter));
    }

    public void AddStorage(string key, string storageClass, ReadOnlySpan<float> values)
    {
        MemoryStream bytes = new();
        foreach (float value in values)
            bytes.Write(Encode(value, storageClass));
        _storages[key] = (storageClass, values.Length, bytes.ToArray());
    }

    public void AddView(string name, TorchView view)
    {
        _tensors.RemoveAll(tensor => tensor.Name == name);
        _tensors.Add((name, view));
    }

    public void Remove(string name) => _tensors.RemoveAll(tensor => tensor.Name == name);

    public byte[] ToZip()
    {
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
        {
            Add("data.pkl", WriteObject(isLegacy: false));
            Add("byteorder", LittleEndian ? "little"u8 : "big"u8);
            foreach ((string key, (_, _, byte[] bytes)) in _storages)
                Add($"data/{key}", bytes);
            Add("version", "3\n"u8);

            void Add(string name, ReadOnlySpan<byte> bytes)
            {
                using Stream stream = archive.CreateEntry($"archive/{name}", CompressionLevel.NoCompression).Open();
                stream.Write(bytes);
            }
        }
        return file.ToArray();
    }

    public byte[] ToLegacy()
    {
        using MemoryStream file = new();
        PickleWriter magic = new();
        magic.Bytes(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
        file.Write(magic.Finish());
        PickleWriter version = new();
        version.Integer(1001);
        file.Write(version.Finish());
        PickleWriter machine = new();
        machine.Dictionary(
        [
            ("protocol_version", () => machine.Integer(1001)),
            ("little_endian", () => machine.Boolean(LittleEndian)),
            ("type_sizes", () => machine.Dictionary([("short", () => machine.Integer(2)), ("int", () => machine.Integer(4)), ("long", () => machine.Integer(4))])),
        ]);
        file.Write(machine.Finish());
        file.Write(WriteObject(isLegacy: true));
        string[] used = [.. _storages.Keys.Where(key => _tensors.Any(tensor => tensor.View.StorageKey == key))];
        PickleWriter keys = new();
        keys.List([.. used.Select(key => (Action)(() => keys.Text(key)))]);
        file.Write(keys.Finish());
        foreach (string key in used)
        {
            byte[] count = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(count, _storages[key].Count);
            file.Write(count);
            file.Write(_storages[key].Bytes);
        }
        return file.ToArray();
    }

    public static long[] GetStrides(long[] sizes)
    {
        long[] strides = new long[sizes.Length];
        long stride = 1;
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= sizes[axis];
        }
        return strides;
    }

    private byte[] WriteObject(bool isLegacy)
    {
        PickleWriter pickle = new();
        if (Wrapper is null)
            WriteStateDict(pickle, isLegacy);
        else
            pickle.Dictionary([("epoch", () => pickle.Integer(7)), (Wrapper, () => WriteStateDict(pickle, isLegacy))]);
        return pickle.Finish();
    }

    private void WriteStateDict(PickleWriter pickle, bool isLegacy)
    {
        List<(string, Action)> items = [.. _tensors.Select(tensor => (tensor.Name, (Action)(() => WriteTensor(pickle, tensor.View, isLegacy))))];
        if (Extra is not null)
            items.Add(("extra", () => Extra(pickle)));
        pickle.Dictionary(items, pickle.EmptyOrderedDict);
        // What nn.Module.state_dict() leaves on its OrderedDict.
        pickle.Dictionary([("_metadata", () => pickle.Dictionary([("", () => pickle.Dictionary([("version", () => pickle.Integer(1))]))], pickle.EmptyOrderedDict))]);
        pickle.Opcode('b');
    }

    private void WriteTensor(PickleWriter pickle, TorchView view, bool isLegacy)
    {
        if (!view.IsParameter)
        {
            WriteTensor();
            return;
        }
        pickle.Global("torch._utils", "_rebuild_parameter");
        pickle.Tuple(WriteTensor, () => pickle.Boolean(true), WriteHooks);
        pickle.Opcode('R');
        pickle.Memoize();

        void WriteTensor()
        {
            pickle.Global("torch._utils", "_rebuild_tensor_v2");
            pickle.Tuple(
                WriteStorage,
                () => pickle.Integer(view.Offset),
                () => pickle.Integers(view.Sizes),
                () => pickle.Integers(view.Strides),
                () => pickle.Boolean(false),
                WriteHooks);
            pickle.Opcode('R');
            pickle.Memoize();
        }

        void WriteStorage()
        {
            (string storageClass, long count, _) = _storages[view.StorageKey];
            Action[] fields =
            [
                () => pickle.Text("storage"),
                () => pickle.Global("torch", storageClass),
                () => pickle.Text(view.StorageKey),
                () => pickle.Text("cpu"),
                () => pickle.Integer(count),
            ];
            pickle.Tuple(isLegacy ? [.. fields, () => pickle.Opcode('N')] : fields);
            pickle.Opcode('Q');
        }

        void WriteHooks()
        {
            pickle.EmptyOrderedDict();
            pickle.Memoize();
        }
    }

    private static byte[] Encode(float value, string storageClass) => storageClass switch
    {
        "FloatStorage" => BitConverter.GetBytes(value),
        "HalfStorage" => BitConverter.GetBytes((Half)value),
        "BFloat16Storage" => BitConverter.GetBytes(ToBFloat16(value)),
        "DoubleStorage" => BitConverter.GetBytes((double)value),
        "LongStorage" => BitConverter.GetBytes((long)value),
        _ => throw new ArgumentException(storageClass, nameof(storageClass)),
    };

    // To nearest, ties to even, as PyTorch rounds.
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
