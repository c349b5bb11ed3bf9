using System.Buffers.Binary;
using System.Text.Json;
using TrtVocoder.Internal;

namespace TrtVocoder.Files;

/// <summary>
/// A <c>.safetensors</c> file: eight bytes of header length, a JSON header of names, types, shapes and byte ranges, then the values.
/// Reads F32, F16, BF16 and F64; writes F32 and F16.
/// </summary>
/// <remarks>The format's own rules are enforced: byte ranges neither overlap nor leave holes, names are unique.</remarks>
public sealed class SafetensorsFile
{
    private const string MetadataName = "__metadata__";

    /// <summary>The format's own limit on its header.</summary>
    private const int MaxHeaderLength = 100_000_000;

    private SafetensorsFile(IReadOnlyDictionary<string, FloatTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Every tensor by name, as float32.</summary>
    public IReadOnlyDictionary<string, FloatTensor> Tensors { get; }

    /// <summary>The header's free-form strings (<c>__metadata__</c>).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFormatException">The file is too large, truncated, foreign, or holds a type that is not floating point.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Read(string path)
    {
        if (new FileInfo(path).Length > Array.MaxLength)
            throw new DataFormatException($"{path} is larger than 2 GB; no Vocos weights are.");
        return Read(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="source">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The bytes are truncated, foreign, or hold a type that is not floating point.</exception>
    public static SafetensorsFile Read(ReadOnlySpan<byte> file, string source)
    {
        if (file.Length < 8)
            throw new DataFormatException($"{source} is not a .safetensors file: {file.Length} bytes are too few for its header.");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (headerLength > (ulong)(file.Length - 8) || headerLength > MaxHeaderLength)
            throw new DataFormatException(
                $"{source} is truncated or not a .safetensors file: its first 8 bytes announce a header of {headerLength} bytes, {file.Length - 8} follow.");

        SafetensorsHeader header = SafetensorsHeader.Parse(file.Slice(8, (int)headerLength), source);
        ReadOnlySpan<byte> data = file[(8 + (int)headerLength)..];
        header.CheckRanges(data.Length, source);

        Dictionary<string, FloatTensor> tensors = new(header.Entries.Count, StringComparer.Ordinal);
        foreach (SafetensorsEntry entry in header.Entries)
        {
            float[] values = new float[entry.ElementCount];
            TensorElements.Read(data[(int)entry.Begin..(int)entry.End], entry.Type, values);
            tensors.Add(entry.Name, new FloatTensor(entry.Shape, values));
        }
        return new SafetensorsFile(tensors, header.Metadata);
    }

    /// <summary>Writes a file, wholly or not at all.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="tensors">Names and values; written in the names' ordinal order, so equal content gives equal bytes.</param>
    /// <param name="type">Chooses each tensor's stored type, <see cref="FloatFormat.F32"/> or <see cref="FloatFormat.F16"/>; null stores float32.</param>
    /// <param name="metadata">Free-form strings for the header.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="DataFormatException">A finite value does not fit float16.</exception>
    /// <exception cref="IOException">The file exists, or cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, FloatTensor> tensors,
        Func<string, FloatFormat>? type = null,
        IReadOnlyDictionary<string, string>? metadata = null,
        bool overwrite = false) => AtomicFile.Write(path, overwrite, stream => Write(stream, tensors, type, metadata));

    /// <summary>Writes to a stream, which stays open.</summary>
    /// <param name="stream">Where to; need not be seekable.</param>
    /// <param name="tensors">As for a file.</param>
    /// <param name="type">As for a file.</param>
    /// <param name="metadata">As for a file.</param>
    /// <exception cref="DataFormatException">A finite value does not fit float16.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyDictionary<string, FloatTensor> tensors,
        Func<string, FloatFormat>? type = null,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        (string Name, FloatTensor Tensor, FloatFormat Type)[] entries =
        [
            .. tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => (pair.Key, pair.Value, type?.Invoke(pair.Key) ?? FloatFormat.F32)),
        ];
        foreach ((string name, FloatTensor tensor, FloatFormat elementType) in entries)
            CheckWritable(name, tensor, elementType);

        byte[] header = WriteHeader(entries, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);

        byte[] block = new byte[1 << 16];
        foreach ((_, FloatTensor tensor, FloatFormat elementType) in entries)
        {
            int size = TensorElements.SizeOf(elementType);
            for (ReadOnlySpan<float> rest = tensor.Values; rest.Length > 0;)
            {
                int count = Math.Min(rest.Length, block.Length / size);
                TensorElements.Write(rest[..count], elementType, block);
                stream.Write(block, 0, count * size);
                rest = rest[count..];
            }
        }
    }

    private static void CheckWritable(string name, FloatTensor tensor, FloatFormat type)
    {
        if (name == MetadataName)
            throw new ArgumentException($"A tensor cannot be named {MetadataName}.", nameof(name));
        if (type is not (FloatFormat.F32 or FloatFormat.F16))
            throw new ArgumentException($"Tensors are written as F32 or F16, not as {type}.", nameof(type));
        if (type != FloatFormat.F16)
            return;
        foreach (float value in tensor.Values)
            if (float.IsFinite(value) && !Half.IsFinite((Half)value))
                throw new DataFormatException($"'{name}' holds {value:G4}, which float16 (at most 65504) cannot; keep float32.");
    }

    private static byte[] WriteHeader((string Name, FloatTensor Tensor, FloatFormat Type)[] entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataName);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach ((string name, FloatTensor tensor, FloatFormat type) in entries)
            {
                long end = offset + ((long)tensor.Values.Length * TensorElements.SizeOf(type));
                json.WriteStartObject(name);
                json.WriteString("dtype", type == FloatFormat.F32 ? "F32" : "F16");
                json.WriteStartArray("shape");
                foreach (int size in tensor.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }
            json.WriteEndObject();
        }
        // Spaces at the end keep the values aligned for readers that map the file.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }
}
