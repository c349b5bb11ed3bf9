using System.Globalization;
using System.Text;
using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>Small ONNX models, and metadata to put behind them: a protobuf message may be continued by appending fields.</summary>
internal static class OnnxBytes
{
    private static readonly string[] Keys =
    [
        "trtvocoder.sample_rate", "trtvocoder.n_fft", "trtvocoder.hop_length", "trtvocoder.n_mels", "trtvocoder.padding", "trtvocoder.layout", "trtvocoder.signal",
        "trtvocoder.mel_floor", "trtvocoder.receptive_field_frames", "trtvocoder.precision", "trtvocoder.streaming", "sample_rate", "n_fft", "hop_length", "center",
    ];

    /// <summary>A model of a few kilobytes; without metadata where asked, so that other ones can be given to it.</summary>
    public static byte[] Make(OutputKind signal, bool hasMetadata, bool isStreaming = false)
    {
        Export.Onnx.Protos.ModelProto model = OnnxExporter.Build(RandomCheckpoint.Create(RandomCheckpoint.Smallest), new OnnxExportOptions { Signal = signal, Streaming = isStreaming });
        if (!hasMetadata)
            model.MetadataProps.Clear();
        return model.ToByteArray();
    }

    /// <summary>The model with metadata: mostly a whole set of ours, of which a few are not as they should be.</summary>
    public static byte[] AddMetadata(Random random, byte[] model, OutputKind signal)
    {
        (int hop, int bands) = (random.Next(2) == 0 ? 2 : ByteMutator.Count(random, 1 << 29), random.Next(2) == 0 ? 3 : ByteMutator.Count(random, 1 << 29));
        Dictionary<string, string> properties = new()
        {
            ["trtvocoder.sample_rate"] = "24000",
            ["trtvocoder.n_fft"] = (4L * hop).ToString(CultureInfo.InvariantCulture),
            ["trtvocoder.hop_length"] = hop.ToString(CultureInfo.InvariantCulture),
            ["trtvocoder.n_mels"] = bands.ToString(CultureInfo.InvariantCulture),
            ["trtvocoder.padding"] = "center",
            ["trtvocoder.layout"] = "bins-major",
            ["trtvocoder.signal"] = signal == OutputKind.Spectrum ? "spectrum" : "waveform",
            ["trtvocoder.mel_floor"] = "1e-7",
        };
        if (random.Next(3) == 0)
            properties["trtvocoder.streaming"] = "true";
        if (random.Next(2) == 0)
            properties["trtvocoder.receptive_field_frames"] = "6";
        if (random.Next(3) == 0)
            properties = properties.ToDictionary(pair => pair.Key["trtvocoder.".Length..], pair => pair.Value);
        for (int edits = random.Next(4); edits > 0; edits--)
            properties[random.Next(4) == 0 ? JsonMutator.Text(random) : Keys[random.Next(Keys.Length)]] =
                random.Next(2) == 0 ? JsonMutator.Text(random) : ByteMutator.Number(random).ToString(CultureInfo.InvariantCulture);
        using MemoryStream file = new();
        file.Write(model);
        foreach ((string key, string value) in properties)
            for (int copies = random.Next(40) == 0 ? 2 : 1; copies > 0; copies--)
                Field(file, 14, [.. Text(1, key), .. Text(2, value)]);
        return file.ToArray();
    }

    private static byte[] Text(int number, string text)
    {
        using MemoryStream field = new();
        Field(field, number, Encoding.UTF8.GetBytes(text));
        return field.ToArray();
    }

    private static void Field(MemoryStream file, int number, byte[] content)
    {
        file.WriteByte((byte)((number << 3) | 2));
        uint length = (uint)content.Length;
        for (; length >= 0x80; length >>= 7)
            file.WriteByte((byte)(length | 0x80));
        file.WriteByte((byte)length);
        file.Write(content);
    }
}
