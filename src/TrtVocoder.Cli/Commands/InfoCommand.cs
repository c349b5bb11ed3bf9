using System.CommandLine;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.Internal;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>info</c>: what a model, checkpoint, WAV file or array holds.</summary>
internal sealed class InfoCommand : CliCommand
{
    private readonly Argument<string> _input = new("PATH")
    {
        Description = "Checkpoint folder or its .bin/.pt/.ckpt/.safetensors, .onnx, .engine, .wav, .npy, .npz, .safetensors; - for "
            + "standard input.",
    };

    private readonly Option<string?> _key = Options.Key();
    private readonly Option<bool> _layers = new("--layers") { Description = "List an engine's layers." };
    private readonly Option<bool> _probe = new("--probe")
    {
        Description = "Ask a model by decoding what it does not say: how far it reaches, and whether the items of a batch are what they are "
            + "alone. Of an engine the answers are kept in its sidecar, NAME.engine.json.",
    };

    private readonly EngineOptions _engine = new();

    public override string Examples => """
        trtvocoder info vocos.onnx
        trtvocoder info vocos-mel-24khz/
        trtvocoder info vocos.engine --layers
        trtvocoder info mel.npy --json
        """;

    public override IEnumerable<Symbol> Symbols => [_input, _key, _layers, _probe, .. _engine.Symbols];

    public override CommandResult Run(CommandCall call)
    {
        string path = call.Get(_input)!;
        return new InfoResult(path, IsEngine(path)
            ? EngineFacts.Describe(path, call.Get(_layers), call.Get(_probe), _engine.Complete(new VocoderOptions(), call, path), call.Output)
            : Describe(path, call.Get(_key), _engine.ReadCheckpoint(call), call));
    }

    private List<(string Name, object Value)> Describe(string path, string? key, CheckpointChoice choice, CommandCall call)
    {
        CommandOutput output = call.Output;
        FileKind? kind = path == OutputPath.Standard ? null : InputFile.KindOf(path);
        if (path != OutputPath.Standard && kind != FileKind.Folder)
            InputFile.ThrowIfMissing(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (kind is FileKind.Folder || (kind is FileKind.Regular && IsCheckpoint(path, extension)))
            return DescribeCheckpoint(path, choice, output);
        if (kind is FileKind.Regular && extension == ".onnx")
            return DescribeModel(path, call);

        InputFile file = InputFile.Read(path);
        if (file.Kind == InputKind.Unknown && kind is not FileKind.Regular)
            throw CliException.BadInput($"{file.Name} is neither a WAV file nor arrays (.npy, .npz or .safetensors); a model or "
                + $"checkpoint must be a file: save it first.");
        return file.Kind switch
        {
            InputKind.Wav => DescribeSound(file),
            InputKind.Unknown => DescribeModel(path, call),
            _ => DescribeArray(file, key),
        };
    }

    // Tensors by themselves are no checkpoint, .npz files are zip archives as those of torch.save are.
    private static bool IsCheckpoint(string path, string extension) =>
        extension == ".safetensors" ? HoldsVocos(path) : extension != ".npz" && ModelSource.IsCheckpoint(path) && !HoldsArrays(path);

    private static bool HoldsArrays(string path) =>
        InputFile.Read(path) is { Kind: InputKind.Npz } file && NpzFile.ReadNames(file.Open(), file.Name).Count > 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<(string, object)> DescribeCheckpoint(string path, CheckpointChoice choice, CommandOutput output)
    {
        VocosCheckpoint checkpoint = ModelSource.ReadCheckpoint(path, output, choice);
        VocosConfig config = checkpoint.Config;
        return
        [
            ("kind", "checkpoint"),
            ("sample rate", config.SampleRate),
            ("fft length", config.FftLength),
            ("hop length", config.HopLength),
            ("mel bands", config.MelCount),
            ("padding", Name(config.Padding)),
            ("mel scale", Bands(config.HasSlaneyScale, config.HasSlaneyNorm, config.MelMinFrequency, config.MelMaxFrequency ?? config.SampleRate / 2)),
            ("dim", config.Dim),
            ("intermediate dim", config.IntermediateDim),
            ("layers", config.LayerCount),
            ("receptive field frames", config.ReceptiveFieldFrames),
            ("parameters", checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Values.Length)),
            ("model hash", checkpoint.ModelHash),
        ];
    }

    private List<(string, object)> DescribeModel(string path, CommandCall call)
    {
        using Vocoder vocoder = ModelSource.Load(path, _engine.Complete(new VocoderOptions(), call, path), call.Output);
        List<(string, object)> facts = [("kind", "ONNX model"), ("bytes", new FileInfo(path).Length), ("backend", vocoder.Info.Backend)];
        AddMetadata(facts, vocoder.Metadata);
        facts.Add(("min frames", vocoder.Info.MinFrames));
        if (vocoder.Info.MaxFrames != int.MaxValue)
            facts.Add(("max frames", vocoder.Info.MaxFrames));
        if (vocoder.Info.MaxBatch != int.MaxValue)
            facts.Add(("max batch", vocoder.Info.MaxBatch));
        AddForm(facts, vocoder, call.Get(_probe));
        return facts;
    }

    /// <summary>Adds which tensors are what, and what a model answers when it is asked.</summary>
    public static NetworkAnswers? AddForm(List<(string Name, object Value)> facts, Vocoder vocoder, bool isAsked)
    {
        if (vocoder.Info.Form.Length > 0)
            facts.Add(("form", vocoder.Info.Form));
        NetworkAnswers answers = isAsked ? vocoder.Ask() : vocoder.Info.Answers;
        if (answers.ReceptiveField is { } field)
            facts.Add(("asked receptive field", field.ToString()));
        else if (answers.IsUnbounded)
            facts.Add(("asked receptive field", "the whole input, as far as could be tried"));
        if (answers.BatchIsIndependent is { } isIndependent && vocoder.Info.MaxBatch > 1)
            facts.Add(("asked batches", isIndependent
                ? "items are what they are alone"
                : "items are not what they are alone, and are decoded one by one"));
        return isAsked ? answers : null;
    }

    /// <summary>Adds a model's audio and network parameters.</summary>
    public static void AddMetadata(List<(string Name, object Value)> facts, VocoderMetadata metadata)
    {
        facts.AddRange(
        [
            ("sample rate", metadata.SampleRate),
            ("fft length", metadata.FftLength),
            ("hop length", metadata.HopLength),
            ("mel bands", metadata.MelCount),
            ("mel floor", metadata.MelFloor),
            ("padding", Name(metadata.Padding)),
            ("mel scale", Bands(metadata.HasSlaneyScale, metadata.HasSlaneyNorm, metadata.MelMinFrequency, metadata.MelMaxFrequency ?? metadata.SampleRate / 2)),
            ("signal", metadata.Signal == OutputKind.Spectrum ? "spectrum" : "waveform"),
        ]);
        if (metadata.Signal == OutputKind.Spectrum)
            facts.Add(("layout", metadata.Layout == SpectrumLayout.BinsMajor ? "bins-major" : "frame-major"));
        if (metadata.ReceptiveFieldFrames is { } field)
            facts.Add(("receptive field frames", field));
        if (metadata.IsStreaming)
            facts.Add(("streaming", true));
        if (metadata.Precision.Length > 0)
            facts.Add(("precision", metadata.Precision));
        if (metadata.ModelHash.Length > 0)
            facts.Add(("model hash", metadata.ModelHash));
    }

    // By its extension, so that a damaged engine is told as one; else by its content.
    private static bool IsEngine(string path)
    {
        if (path == OutputPath.Standard || path.Length == 0 || InputFile.KindOf(path) != FileKind.Regular)
            return false;
        if (Path.GetExtension(path).ToLowerInvariant() is ".engine" or ".plan" or ".trt")
            return true;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && EngineMagic.IsEngine(start);
    }

    private static List<(string, object)> DescribeSound(InputFile file)
    {
        WavAudio audio = WavFile.Read(file.Open(), file.Name);
        double peak = audio.Samples.Length == 0 ? 0 : audio.Samples.Max(Math.Abs);
        double power = audio.Samples.Length == 0 ? 0 : audio.Samples.Average(sample => (double)sample * sample);
        return
        [
            ("kind", "WAV file"),
            ("encoding", audio.Encoding),
            ("sample rate", audio.SampleRate),
            ("channels", audio.ChannelCount),
            ("samples", audio.Length),
            ("duration seconds", audio.DurationSeconds),
            ("peak", peak),
            ("rms db", 10 * Math.Log10(power)),
        ];
    }

    private static List<(string, object)> DescribeArray(InputFile file, string? key)
    {
        if (key is null && file.Kind is InputKind.Safetensors or InputKind.Npz && ListArrays(file) is { } list)
            return list;
        FloatTensor array = Mel.ReadTensor(file, key);
        int bad = 0;
        (double least, double most, double sum) = (double.PositiveInfinity, double.NegativeInfinity, 0);
        foreach (float value in array.Values)
        {
            if (!float.IsFinite(value))
            {
                bad++;
                continue;
            }
            least = Math.Min(least, value);
            most = Math.Max(most, value);
            sum += value;
        }
        List<(string, object)> facts = [("kind", "array"), ("shape", array)];
        if (array.Values.Length > bad)
            facts.AddRange([("min", least), ("max", most), ("mean", sum / (array.Values.Length - bad))]);
        facts.Add(("not finite", bad));
        return facts;
    }

    // By the names of a Vocos's first convolution and blocks, whatever stands before them.
    private static bool HoldsVocos(string path)
    {
        SafetensorsFile file = SafetensorsFile.Read(path);
        string[] names = [.. file.Tensors.Keys, .. file.Skipped.Select(tensor => tensor.Name)];
        return names.Any(name => name.EndsWith("embed.weight", StringComparison.Ordinal)) && names.Any(name => name.EndsWith(".dwconv.weight", StringComparison.Ordinal));
    }

    private static string Bands(bool isSlaney, bool hasNorm, float lowest, float highest) =>
        FormattableString.Invariant($"{(isSlaney ? "slaney" : "htk")}, {lowest} to {highest} Hz, {(hasNorm ? "equal areas" : "equal heights")}");

    private static string Name(StftPadding padding) => padding == StftPadding.Center ? "center" : "same";

    // Null where there is one array, which is told in full.
    private static List<(string, object)>? ListArrays(InputFile file)
    {
        if (file.Kind == InputKind.Safetensors)
        {
            SafetensorsFile tensors = SafetensorsFile.Read(file.Bytes, file.Name);
            return tensors.Tensors.Count <= 1 ? null :
            [
                ("kind", "safetensors"), ("tensors", tensors.Tensors.Count), ("values", tensors.Tensors.Values.Sum(tensor => (long)tensor.Values.Length)),
                ("names", string.Join(", ", tensors.Tensors.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal))),
            ];
        }
        IReadOnlyList<string> names = NpzFile.ReadNames(file.Open(), file.Name);
        return names.Count <= 1 ? null : [("kind", "npz"), ("tensors", names.Count), ("names", string.Join(", ", names.Select(name => DescribeEntry(file, name))))];
    }

    // Strings and objects, which NumPy can also save, have a name only.
    private static string DescribeEntry(InputFile file, string name)
    {
        try
        {
            return $"{name} {NpzFile.Read(file.Open(), file.Name, name)}";
        }
        catch (DataFormatException)
        {
            return name;
        }
    }
}
