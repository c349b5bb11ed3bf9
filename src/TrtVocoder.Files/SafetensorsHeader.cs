using System.Text.Json;

namespace TrtVocoder.Files;

/// <summary>
/// One tensor of a .safetensors header: where its bytes lie and what they are. The type is null where it is none that is read.
/// </summary>
internal sealed record SafetensorsEntry(
    string Name, string TypeName, FloatFormat? Type, int[] Shape, int ElementCount, long Begin, long End);

/// <summary>The JSON header of a .safetensors file.</summary>
internal sealed class SafetensorsHeader
{
    private const int MaxRank = 16;
    private const int MaxTensors = 65_536;
    private const int MaxTypeLength = 16;

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
                throw new DataFormatException($"{source} is truncated: '{PrintableText.Name(entry.Name)}' ends at byte {entry.End} of its "
                    + $"data, the file holds {dataLength}.");
            if (entry.Begin != end)
                throw new DataFormatException(
                    $"{source}: the bytes of '{PrintableText.Name(entry.Name)}' start at {entry.Begin}, expected {end}: ranges must "
                        + $"neither overlap nor leave holes.");
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
                throw new DataFormatException($"{source}: the name '{PrintableText.Name(name)}' occurs twice.");
            if (name == "__metadata__")
                ReadMetadata(ref reader, source);
            else if (_entries.Count == MaxTensors)
                throw new DataFormatException($"{source} holds more than {MaxTensors} tensors, which is not supported.");
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
                throw new DataFormatException($"{source}: the metadata name '{PrintableText.Name(key)}' occurs twice.");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string source)
    {
        string? typeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        string quoted = PrintableText.Name(name);
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            switch (reader.GetString())
            {
                case "dtype" when typeName is null:
                    Expect(ref reader, JsonTokenType.String);
                    typeName = reader.GetString()!;
                    break;
                case "shape" when shape is null:
                    shape = ReadIntegers(ref reader, MaxRank)
                        ?? throw new DataFormatException($"{source}: '{quoted}' has more than {MaxRank} axes, which is not supported.");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadIntegers(ref reader, 2) ?? throw new JsonException();
                    break;
                default:
                    throw new JsonException();
            }
        }
        if (typeName is null || shape is null || offsets is not [long begin, long end])
            throw new DataFormatException($"{source}: '{quoted}' lacks its dtype, shape or two data_offsets.");
        if (typeName.Length > MaxTypeLength)
            throw new DataFormatException(
                $"{source}: '{quoted}' has the type '{PrintableText.Name(typeName)}', which the format does not know.");
        FloatFormat? type = ToType(typeName);

        int[] sizes = new int[shape.Count];
        for (int axis = 0; axis < sizes.Length; axis++)
            sizes[axis] = shape[axis] is >= 0 and <= int.MaxValue ? (int)shape[axis] : -1;
        if (!FloatTensor.TryCountElements(sizes, out int count))
            throw new DataFormatException($"{source}: '{quoted}' has an impossible shape, [{string.Join(", ", shape)}].");
        if (begin < 0 || end < begin || (type is { } known && end - begin != (long)count * TensorElements.SizeOf(known)))
            throw new DataFormatException(
                $"{source}: '{quoted}' of shape {FloatTensor.FormatShape(sizes)} and type {typeName} cannot lie in bytes {begin} to "
                    + $"{end}.");
        return new SafetensorsEntry(name, typeName, type, sizes, count, begin, end);
    }

    // Sizes of other types are not checked: nothing of them is read, and new ones come (of less than a byte, too).
    private static FloatFormat? ToType(string dtype) => dtype switch
    {
        "F32" => FloatFormat.F32,
        "F16" => FloatFormat.F16,
        "BF16" => FloatFormat.BF16,
        "F64" => FloatFormat.F64,
        _ => null,
    };

    // Null where there are more than may be: a header of megabytes must not become a message of megabytes.
    private static List<long>? ReadIntegers(ref Utf8JsonReader reader, int most)
    {
        List<long> values = [];
        Expect(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) == JsonTokenType.Number)
        {
            if (values.Count == most)
                return null;
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
