using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>A model named on the command line: an .onnx or .engine file, or a checkpoint folder, which is exported to a temporary .onnx first.</summary>
internal static class ModelSource
{
    public static Vocoder Load(string path, VocoderOptions options, CommandOutput output) => Load(path, output, file => Vocoder.Load(file, options));

    /// <summary>Loads by other means than <see cref="Vocoder.Load"/>, from an .onnx or .engine file.</summary>
    public static T Load<T>(string path, CommandOutput output, Func<string, T> load)
    {
        try
        {
            if (Directory.Exists(path))
                return LoadCheckpoint(path, output, load);
            if (!File.Exists(path))
                throw CliException.FileSystem($"There is no model {path}.");
            if (Path.GetExtension(path).ToLowerInvariant() is ".safetensors" or ".bin" or ".pt" or ".pth")
                throw CliException.BadInput($"{path} holds a checkpoint's weights; give the folder, which has the config.yaml too.");
            return load(path);
        }
        catch (ArgumentException error)
        {
            // Options that do not fit this model: the text without .NET's "(Parameter 'options')".
            throw CliException.Usage(Failure.InOptions(error.Message.Split(" (Parameter")[0]));
        }
    }

    /// <summary>The model's parameters alone, for which a checkpoint need not be exported.</summary>
    public static VocoderMetadata ReadMetadata(string path, CommandOutput output)
    {
        if (Directory.Exists(path))
            return ReadCheckpointMetadata(path);
        using Vocoder vocoder = Load(path, new VocoderOptions(), output);
        return vocoder.Metadata;
    }

    // Not inlined: the exporter's assemblies are loaded only where there is a checkpoint.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static VocoderMetadata ReadCheckpointMetadata(string path)
    {
        VocosConfig read = VocosCheckpoint.Load(path).Config;
        return new VocoderMetadata
        {
            SampleRate = read.SampleRate,
            FftLength = read.FftLength,
            HopLength = read.HopLength,
            MelCount = read.MelCount,
            Padding = read.Padding,
            MelFloor = read.MelFloor,
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadCheckpoint<T>(string path, CommandOutput output, Func<string, T> load)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(path);
        output.Note($"{path} is a checkpoint, exported to a temporary model; 'trtvocoder export' makes one to keep, which loads faster.");
        string folder = Directory.CreateTempSubdirectory("trtvocoder-").FullName;
        try
        {
            string model = Path.Combine(folder, "checkpoint.onnx");
            OnnxExporter.Export(checkpoint, model);
            return load(model);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
