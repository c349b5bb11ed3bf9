using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Internal;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>
/// A model named on the command line: an .onnx or .engine file; or a checkpoint's folder or weights, which are exported to a temporary
/// .onnx first.
/// </summary>
internal static class ModelSource
{
    private const string StandardInput = ": a model must be a file, standard input is for mels and sounds";

    private static readonly string[] WeightsExtensions = [".bin", ".pt", ".pth", ".ckpt", ".safetensors"];
    private static readonly string[] OtherExtensions = [".onnx", ".engine", ".plan", ".trt", ".npz", ".npy", ".wav"];

    /// <summary>Loads a model; what had to be guessed or assumed of it is said.</summary>
    public static Vocoder Load(string path, VocoderOptions options, CommandOutput output, CheckpointChoice? checkpoint = null)
    {
        Vocoder vocoder = Load(path, output, file => Vocoder.Load(file, options), checkpoint);
        foreach (string note in vocoder.Info.Notes)
            output.Note(note);
        NoteOverruled(path, options.Model, vocoder.Metadata, output);
        return vocoder;
    }

    // A model's own word wins over what the user tells of it, which must not happen in silence.
    private static void NoteOverruled(string path, ModelHints told, VocoderMetadata metadata, CommandOutput output)
    {
        ModelHints usual = new();
        foreach ((string option, int? given, int own) in (ReadOnlySpan<(string, int?, int)>)[
            ("--sample-rate", told.SampleRate == usual.SampleRate ? null : told.SampleRate, metadata.SampleRate),
            ("--n-fft", told.FftLength, metadata.FftLength), ("--hop-length", told.HopLength, metadata.HopLength),
            ("--n-mels", told.MelCount, metadata.MelCount)])
            if (given is { } value && value != own)
                output.Note(string.Create(
                    CultureInfo.InvariantCulture, $"{option} {value} is not used: {path} says itself that it is {own}."));
        if (told.Padding != usual.Padding && told.Padding != metadata.Padding)
            output.Note($"--padding same is not used: {path} says itself that it is center.");
    }

    /// <summary>Loads by other means than <see cref="Vocoder"/>, from an .onnx or .engine file.</summary>
    public static T Load<T>(string path, CommandOutput output, Func<string, T> load, CheckpointChoice? checkpoint = null)
    {
        Memory.ThrowIfAddressSpaceIsShort();
        try
        {
            return IsCheckpoint(path) ? LoadCheckpoint(path, output, load, checkpoint) : load(path);
        }
        catch (UnauthorizedAccessException error)
        {
            throw CliException.FileSystem($"{path} may not be read: permission denied.", error);
        }
    }

    /// <summary>Whether a model is a checkpoint: a folder, or weights by their name or content.</summary>
    /// <exception cref="CliException">There is no such model, or it is no file.</exception>
    public static bool IsCheckpoint(string path)
    {
        if (path.Length == 0)
            throw CliException.Usage("The model's name is empty.");
        switch (InputFile.KindOf(path))
        {
            case null:
                throw CliException.FileSystem($"There is no model "
                    + $"{path}{(path == OutputPath.Standard ? StandardInput : InputFile.WhyNotFound(path))}.");
            case FileKind.Folder:
                return true;
            case not FileKind.Regular:
                throw CliException.FileSystem(
                    $"{path} is a pipe or a device; a model must be a file, which is read more than once: save it first.");
        }
        string extension = Path.GetExtension(path);
        return WeightsExtensions.Contains(extension, StringComparer.OrdinalIgnoreCase)
            || (!OtherExtensions.Contains(extension, StringComparer.OrdinalIgnoreCase) && HoldsWeights(path));
    }

    /// <summary>The model's parameters alone, for which a checkpoint need not be exported.</summary>
    public static VocoderMetadata ReadMetadata(string path, CommandOutput output, CheckpointChoice? checkpoint = null)
    {
        if (IsCheckpoint(path))
            return ReadCheckpointMetadata(path, output, checkpoint);
        using Vocoder vocoder = Load(path, new VocoderOptions(), output);
        return vocoder.Metadata;
    }

    /// <summary>Reads a checkpoint and passes its warnings on.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static VocosCheckpoint ReadCheckpoint(string path, CommandOutput output, CheckpointChoice? choice = null)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(path, new CheckpointOptions
        {
            ConfigPath = choice?.Config,
            BandwidthId = choice?.BandwidthId,
            SampleRate = choice?.SampleRate,
            HopLength = choice?.HopLength,
            Padding = choice?.Padding,
        });
        foreach (string warning in checkpoint.Warnings)
            output.Note(warning);
        return checkpoint;
    }

    // Not inlined: the exporter's assemblies are loaded only where there is a checkpoint.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static VocoderMetadata ReadCheckpointMetadata(string path, CommandOutput output, CheckpointChoice? choice) =>
        OnnxExporter.GetMetadata(ReadCheckpoint(path, output, choice), new OnnxExportOptions());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadCheckpoint<T>(string path, CommandOutput output, Func<string, T> load, CheckpointChoice? choice)
    {
        VocosCheckpoint checkpoint = ReadCheckpoint(path, output, choice);
        output.Note($"{path} is a checkpoint, exported to a temporary model; 'trtvocoder export' makes one to keep, which loads faster.");
        // No engine is made of it: ONNX Runtime decodes the Conv form faster.
        return TemporaryExport.Use(checkpoint, "checkpoint", new OnnxExportOptions { Form = NetworkForm.Conv }, load);
    }

    // A zip archive or pickle of torch.save, or safetensors.
    private static bool HoldsWeights(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            Span<byte> start = stackalloc byte[9];
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            return start.StartsWith("PK\u0003\u0004"u8) || start is [0x80, >= 1 and <= 5, ..]
                || (start.Length == 9 && start[8] == '{' && start[6] == 0 && start[7] == 0);
        }
        catch (UnauthorizedAccessException error)
        {
            throw CliException.FileSystem($"{path} may not be read: permission denied.", error);
        }
    }
}
