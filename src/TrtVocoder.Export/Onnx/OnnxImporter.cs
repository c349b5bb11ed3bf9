using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx.Reading;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Reads the weights of a Vocos back from an ONNX model by others: torch.onnx's or any other writer's, with GELU and LayerNorm as nodes
/// or as
/// chains of them, transposed weights, external data, FP16. <see cref="OnnxExporter"/> writes them again in the form that runs fastest.
/// Safe
/// for use by many threads.
/// </summary>
/// <remarks>
/// The network is told by what it computes, not by its names: products hold the weights, and what stands between them must be a Vocos's
/// at a
/// few vectors. The result is to be compared with the original all the same (docs/verification.md): the program does, with ONNX Runtime.
/// </remarks>
public static class OnnxImporter
{
    /// <summary>Reads a model.</summary>
    /// <param name="path">The .onnx file; files of weights lie beside it.</param>
    /// <param name="hints">What the model does not tell: rate, hop, padding; null for the defaults.</param>
    /// <returns>The weights, with layer scales folded in; <see cref="VocosCheckpoint.Warnings"/> tell what was assumed.</returns>
    /// <exception cref="DataFormatException">It is no Vocos: the message names the first node that does not fit.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static VocosCheckpoint Read(string path, ModelHints? hints = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        OnnxOutline outline = OnnxOutline.Read(path);
        outline.RequireExternalFiles(path);
        if (new FileInfo(path).Length > Array.MaxLength)
            throw new DataFormatException($"{path} is larger than 2 GB; no Vocos is.");
        return Read(File.ReadAllBytes(path), path, Path.GetDirectoryName(Path.GetFullPath(path)), outline, hints ?? new ModelHints());
    }

    internal static VocosCheckpoint Read(byte[] model, string source, string? folder, OnnxOutline outline, ModelHints hints)
    {
        VocoderMetadata? own = VocoderMetadata.TryFromProperties(outline.Metadata, source);
        hints = own is null ? hints.With(outline.Metadata, source) : hints with
        {
            SampleRate = own.SampleRate,
            FftLength = own.FftLength,
            HopLength = own.HopLength,
            Padding = own.Padding,
            MelFloor = own.MelFloor,
        };
        List<string> notes = [];
        (VocosConfig config, IReadOnlyDictionary<string, FloatTensor> tensors) = VocosGraphReader.Read(OnnxGraph.Parse(model, source,
            folder), hints, notes);
        return new VocosCheckpoint(config, tensors, source, notes);
    }
}
