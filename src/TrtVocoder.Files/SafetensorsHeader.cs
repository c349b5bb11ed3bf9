using System.Text.Json;

namespace TrtVocoder.Files;

/// <summary>One tensor of a .safetensors header: where its bytes lie and what they are.</summary>
internal sealed record SafetensorsEntry(string Name, FloatFormat Type, int[] Shape, int ElementCount, long Begin, long End);

/// <summary>The JSON header of a .safetensors file.</summary>
internal sealed class SafetensorsHeader
{
    private readonly List<SafetensorsEntry> _entries = [];
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, string source)
    {
        SafetensorsHeader header = new();
        try
        {
            Utf8JsonReader reader = new(json);
            header.ReadTensors(ref reader, source);
        }
        // The reader throws the latter for text that is not UTF-8 or holds lone surrogates.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DataFormatException($"{source} is not a .safetensors file: its header is not the JSON that the format wants.", e);
        }
        return header;
    }

    /// <summary>Refuses byte ranges outside the data, overlapping ones and holes.</summary>
    public void CheckRanges(long dataLength, string source)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in _entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.End > dataLength)
                throw new DataFormatException($"{source} is truncated: '{entry.Name}' ends at byte {entry.End} of its data, the file holds {dataLength}.");
            if (entry.Begin != end)
                throw new DataFormatException(
                    $"{source}: the bytes of '{entry.Name}' start at {entry.Begin}, expected {end}: ranges must neither overlap nor leave holes.");
            end = entry.End;
        }
        if (end != dataLength)
            throw new DataFormatException($"{source}: its tensors take {end} bytes, the file holds {dataLength}.");
    }

    private void ReadTensors(ref Utf8JsonReader reader, string source)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!names.Add(name))
                throw new DataFormatException($"{source}: the name '{name}' occurs twice.");
            if (name == "__metadata__")
                ReadMetadata(ref reader, source);
            else
                _entries.Add(ReadEntry(ref reader, name, source));
        }
        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            throw new JsonException();
    }

    private void ReadMetadata(ref Utf8JsonReader reader, string source)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String);
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw new DataFormatException($"{source}: the metadata name '{key}' occurs twice.");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string source)
    {
        FloatFormat? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            switch (reader.GetString())
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String);
                    type = ToType(reader.GetString()!, name, source);
                    break;
                case "shape" when shape is null:
                    shape = ReadIntegers(ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadIntegers(ref reader);
                    break;
                default:
                    throw new JsonException();
            }
        }
        if (type is not { } elementType || shape is null || offsets is not [long begin, long end])
            throw new DataFormatException($"{source}: '{name}' lacks its dtype, shape or two data_offsets.");

        int[] sizes = new int[shape.Count];
        for (int axis = 0; axis < sizes.Length; axis++)
            sizes[axis] = shape[axis] is >= 0 and <= int.MaxValue ? (int)shape[axis] : -1;
        if (!FloatTensor.TryCountElements(sizes, out int count))
            throw new DataFormatException($"{source}: '{name}' has an impossible shape, [{string.Join(", ", shape)}].");
        if (begin < 0 || end < begin || end - begin != (long)count * TensorElements.SizeOf(elementType))
            throw new DataFormatException(
                $"{source}: '{name}' of shape {FloatTensor.FormatShape(sizes)} and type {elementType} cannot lie in bytes {begin} to {end}.");
        return new SafetensorsEntry(name, elementType, sizes, count, begin, end);
    }

    private static FloatFormat ToType(string dtype, string name, string source) => dtype switch
    {
        "F32" => FloatFormat.F32,
        "F16" => FloatFormat.F16,
        "BF16" => FloatFormat.BF16,
        "F64" => FloatFormat.F64,
        _ => throw new DataFormatException($"{source}: '{name}' has the type '{dtype}'; F32, F16, BF16 and F64 can be read."),
    };

    private static List<long> ReadIntegers(ref Utf8JsonReader reader)
    {
        List<long> values = [];
        Expect(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) == JsonTokenType.Number)
        {
            if (!reader.TryGetInt64(out long value))
                throw new JsonException();
            values.Add(value);
        }
        return reader.TokenType == JsonTokenType.EndArray ? values : throw new JsonException();
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) => reader.Read() ? reader.TokenType : throw new JsonException();

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (Next(ref reader) != type)
            throw new JsonException();
    }
}
