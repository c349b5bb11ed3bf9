using System.Globalization;
using System.Text.Json;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>A vocoder as a server describes it: one mel in, one waveform out, both FP32.</summary>
/// <param name="Name">What the server calls it.</param>
/// <param name="Input">The mel.</param>
/// <param name="Output">The waveform.</param>
/// <param name="MelCount">Mel bands.</param>
internal sealed record ServedModel(string Name, ServedTensor Input, ServedTensor Output, int MelCount)
{
    /// <summary>What the mel and the waveform must be.</summary>
    public const string Datatype = "FP32";

    private const int MaxMelCount = 1 << 12;

    /// <summary>Whether a request holds [mels, bands, frames] rather than [bands, frames].</summary>
    public bool HasBatch => Input.Shape.Count == 3;

    /// <summary>Reads a model's metadata (<c>/v2/models/NAME</c>).</summary>
    /// <param name="json">What the server wrote.</param>
    /// <param name="source">Where, for messages.</param>
    /// <exception cref="ServerException">It is no metadata.</exception>
    /// <exception cref="DataFormatException">The model is no vocoder.</exception>
    public static ServedModel Parse(ReadOnlyMemory<byte> json, string source) => ServerJson.Read(json, root =>
    {
        string name = ServerJson.Text(root, "name");
        List<ServedTensor> inputs = ReadTensors(root, "inputs"), outputs = ReadTensors(root, "outputs");
        if (inputs is [{ Datatype: Datatype, Shape: [.., > 0 and <= MaxMelCount, -1] and { Count: 2 or 3 } } input]
            && outputs is [{ Datatype: Datatype, Shape.Count: > 0 } output])
            return new ServedModel(name, input, output, (int)input.Shape[^2]);
        throw new DataFormatException($"{source} is no vocoder: it takes {Describe(inputs)} and gives {Describe(outputs)}; expected one mel "
            + $"{Datatype} [bands, -1] or [-1, bands, -1] and one waveform {Datatype}.");
    }, source);

    public override string ToString() => $"{Input} -> {Output}";

    private static List<ServedTensor> ReadTensors(JsonElement root, string name) =>
        [.. ServerJson.Member(root, name).EnumerateArray().Select(tensor =>
            new ServedTensor(ServerJson.Text(tensor, "name"), ServerJson.Text(tensor, "datatype"), ServerJson.Shape(tensor)))];

    private static string Describe(List<ServedTensor> tensors) => tensors.Count switch
    {
        0 => "nothing",
        <= 4 => string.Join(", ", tensors),
        _ => string.Create(CultureInfo.InvariantCulture, $"{tensors.Count} tensors"),
    };
}

/// <summary>One of its tensors.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">As KServe calls it: FP32.</param>
/// <param name="Shape">Its sizes; -1: any.</param>
internal sealed record ServedTensor(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    public override string ToString() => $"{PrintableText.Name(Name)} {PrintableText.Name(Datatype)} [{string.Join(", ", Shape)}]";
}
