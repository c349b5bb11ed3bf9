using System.Buffers.Binary;
using System.Numerics;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// The form that <c>torch.save</c> wrote before PyTorch 1.6 (<c>_legacy_save</c>): five pickles in a row (magic number, protocol version,
/// machine, the object, the storages' keys), then for each key a 64-bit number of values and the values.
/// </summary>
internal static class TorchLegacyFile
{
    private const long ProtocolVersion = 1001;

    private static readonly BigInteger MagicNumber = new(new byte[] { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 });

    public static object? Load(byte[] file, string source)
    {
        TorchObjects objects = new(source);
        PickleReader reader = new(file, 0, objects, source);
        if (reader.Load() is not BigInteger magic || magic != MagicNumber)
            throw new DataFormatException(
                $"{source} is a Python pickle, but not one that torch.save wrote; save the model's state_dict() with torch.save.");
        if (reader.Load() is not ProtocolVersion)
            throw new DataFormatException(
                $"{source} is of an unknown version of PyTorch's non-zip form; save it again with a recent PyTorch.");
        if (reader.Load() is not PickleDictionary machine || machine.Items.GetValueOrDefault("little_endian") is not true)
            throw new DataFormatException($"{source} was not saved on a little-endian machine; save it again on one.");
        object? root = reader.Load();
        if (reader.Load() is not List<object?> keys)
            throw new DataFormatException($"{source} is damaged: the list of its storages is missing.");
        Locate(file, reader.Position, keys, objects, source);
        return root;
    }

    private static void Locate(byte[] file, int position, List<object?> keys, TorchObjects objects, string source)
    {
        foreach (object? item in keys)
        {
            if (item is not string key || !objects.Storages.TryGetValue(key, out TorchStorage? storage) || storage.Read is not null)
                throw new DataFormatException($"{source} is damaged: the list of its storages does not fit its tensors.");
            long length = storage.ElementCount * storage.Type.ElementSize;
            if (file.Length - position < sizeof(long) || file.Length - position - sizeof(long) < length)
                throw new DataFormatException(
                    $"{source} is truncated: its values end before those of storage {keys.IndexOf(item) + 1} of {keys.Count}.");
            if (BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(position)) != storage.ElementCount)
                throw new DataFormatException(
                    $"{source} is damaged: a storage does not have the {storage.ElementCount} values that were announced.");
            ReadOnlyMemory<byte> bytes = file.AsMemory(position + sizeof(long), (int)length);
            storage.Read = () => bytes;
            position += sizeof(long) + (int)length;
        }
        if (position != file.Length)
            throw new DataFormatException($"{source} is damaged: {file.Length - position} bytes follow its last tensor.");
        if (objects.Storages.Values.Any(storage => storage.Read is null))
            throw new DataFormatException($"{source} is damaged: it lacks the values of a tensor.");
    }
}
