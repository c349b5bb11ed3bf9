using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.OnnxRuntime;

namespace TrtVocoder.Cli.Inputs;

/// <summary>A Vocos in an .onnx by others: its weights read back, and held against the file itself by ONNX Runtime.</summary>
internal static class ForeignNetwork
{
    /// <summary>What a network of FP32 and one of FP16 must agree with its own weights to.</summary>
    private const double Fp32Decibels = 100;
    private const double Fp16Decibels = 45;

    /// <summary>Reads a model's weights and compares them with it.</summary>
    /// <exception cref="TrtVocoderException">It is no Vocos, or its weights sound otherwise than the file.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static VocosCheckpoint Read(string path, ModelHints hints, CommandOutput output)
    {
        VocosCheckpoint checkpoint = OnnxImporter.Read(path, hints);
        foreach (string warning in checkpoint.Warnings)
            output.Note(warning);
        OnnxExportOptions options = new() { Form = NetworkForm.Conv };
        double decibels = OnnxComparison.Compare(path, OnnxExporter.Export(checkpoint, options),
            OnnxExporter.GetMetadata(checkpoint, options));
        double least = IsHalf(checkpoint) ? Fp16Decibels : Fp32Decibels;
        if (!(decibels >= least))
            throw new TrtVocoderException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: its weights were read back, but sound otherwise than the file: {decibels:0.0} dB, at least {least} are asked "
                    + $"for; ")
                + "it stays as it is.");
        output.Note(string.Create(CultureInfo.InvariantCulture,
            $"{path}: the weights that were read back equal the file to {decibels:0.0} dB, by ONNX Runtime."));
        return checkpoint;
    }

    // Embeddings of half precision stay what they were; those of single precision never are all of them half.
    private static bool IsHalf(VocosCheckpoint checkpoint)
    {
        foreach (float value in checkpoint.Tensors["backbone.embed.weight"].Values)
            if ((float)(Half)value != value)
                return false;
        return true;
    }
}
