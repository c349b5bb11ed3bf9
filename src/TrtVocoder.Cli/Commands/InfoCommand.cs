using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>info</c>: what a model, checkpoint, WAV file or array holds.</summary>
internal static class InfoCommand
{
    private const string Examples = """
        trtvocoder info vocos.onnx
        trtvocoder info vocos-mel-24khz/
        trtvocoder info vocos.engine --layers
        trtvocoder info mel.npy --json
        """;

    public static string Define(Command command)
    {
        Argument<string> input = new("PATH") { Description = "Checkpoint folder or its .bin/.safetensors, .onnx, .engine, .wav, .npy, .npz, .safetensors; - for standard input." };
        Option<bool> layers = new("--layers") { Description = "List an engine's layers." };
        Option<int> device = new("--device") { Description = "The GPU that an engine is loaded on.", DefaultValueFactory = _ => 0 };
        Option<bool> hostCode = new("--allow-host-code") { Description = "Load version-compatible engines, which carry executable code: only from those you trust." };
        CommandLine.Add(command, input, layers, device, hostCode);
        CommandLine.SetAction(command, (result, output) =>
        {
            string path = result.GetValue(input)!;
            List<(string Name, object Value)> facts = IsEngine(path)
                ? EngineFacts.Describe(path, result.GetValue(layers), Math.Max(0, result.GetValue(device)), result.GetValue(hostCode), output)
                : Describe(path, output);
            int width = facts.Max(fact => fact.Name.Length) + 2;
            foreach ((string name, object value) in facts)
                output.Line(name.PadRight(width) + Text(value).Replace("\n", "\n" + new string(' ', width), StringComparison.Ordinal));
            output.Json(writer =>
            {
                writer.WriteString("path", path);
                foreach ((string name, object value) in facts)
                    Write(writer, CamelCase(name), value);
            });
            return ExitCode.Success;
        });
        return Examples;
    }

    private static List<(string Name, object Value)> Describe(string path, CommandOutput output)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (Directory.Exists(path))
            return DescribeCheckpoint(path, output);
        if (path != OutputPath.Standard)
            InputFile.ThrowIfMissing(path);
        if (extension is ".bin" or ".pt" or ".pth" || (extension == ".safetensors" && HasConfigBeside(path)))
            return DescribeCheckpoint(path, output);
        if (extension == ".onnx")
            return DescribeModel(path, output);

        InputFile file = InputFile.Read(path);
        return file.Kind switch
        {
            InputKind.Wav => DescribeSound(file),
            InputKind.Unknown => DescribeModel(path, output),
            _ => DescribeArray(file),
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<(string, object)> DescribeCheckpoint(string path, CommandOutput output)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(path);
        foreach (string warning in checkpoint.Warnings)
            output.Note(warning);
        VocosConfig config = checkpoint.Config;
        return
        [
            ("kind", "checkpoint"),
            ("sample rate", config.SampleRate),
            ("fft length", config.FftLength),
            ("hop length", config.HopLength),
            ("mel bands", config.MelCount),
            ("padding", Name(config.Padding)),
            ("dim", config.Dim),
            ("intermediate dim", config.IntermediateDim),
            ("layers", config.LayerCount),
            ("receptive field frames", config.ReceptiveFieldFrames),
            ("parameters", checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Values.Length)),
            ("model hash", checkpoint.ModelHash),
        ];
    }

    private static List<(string, object)> DescribeModel(string path, CommandOutput output)
    {
        using Vocoder vocoder = ModelSource.Load(path, new VocoderOptions(), output);
        List<(string, object)> facts = [("kind", "ONNX model"), ("bytes", new FileInfo(path).Length), ("backend", vocoder.Info.Backend)];
        AddMetadata(facts, vocoder.Metadata);
        facts.Add(("min frames", vocoder.Info.MinFrames));
        if (vocoder.Info.MaxFrames != int.MaxValue)
            facts.Add(("max frames", vocoder.Info.MaxFrames));
        if (vocoder.Info.MaxBatch != int.MaxValue)
            facts.Add(("max batch", vocoder.Info.MaxBatch));
        return facts;
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
            ("signal", metadata.Signal == OutputKind.Spectrum ? "spectrum" : "waveform"),
        ]);
        if (metadata.Signal == OutputKind.Spectrum)
            facts.Add(("layout", metadata.Layout == SpectrumLayout.BinsMajor ? "bins-major" : "frame-major"));
        if (metadata.ReceptiveFieldFrames is { } field)
            facts.Add(("receptive field frames", field));
        if (metadata.Precision.Length > 0)
            facts.Add(("precision", metadata.Precision));
        if (metadata.ModelHash.Length > 0)
            facts.Add(("model hash", metadata.ModelHash));
    }

    // By its extension, so that a damaged engine is told as one; else by its content.
    private static bool IsEngine(string path)
    {
        if (!File.Exists(path))
            return false;
        if (Path.GetExtension(path).ToLowerInvariant() is ".engine" or ".plan" or ".trt")
            return true;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && (start.SequenceEqual("ftrt"u8) || start.SequenceEqual("vtrt"u8));
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

    private static List<(string, object)> DescribeArray(InputFile file)
    {
        if (file.Kind == InputKind.Safetensors)
        {
            SafetensorsFile tensors = SafetensorsFile.Read(file.Bytes, file.Name);
            if (tensors.Tensors.Count > 1)
                return
                [
                    ("kind", "safetensors"), ("tensors", tensors.Tensors.Count), ("values", tensors.Tensors.Values.Sum(tensor => (long)tensor.Values.Length)),
                    ("names", string.Join(", ", tensors.Tensors.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal))),
                ];
        }
        FloatTensor array = Mel.ReadTensor(file);
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

    private static bool HasConfigBeside(string path) => File.Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "config.yaml"));

    private static string Name(StftPadding padding) => padding == StftPadding.Center ? "center" : "same";

    private static string Text(object value) => value switch
    {
        double number => number.ToString("0.####", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool truth => truth ? "yes" : "no",
        _ => value.ToString()!,
    };

    private static void Write(Utf8JsonWriter writer, string name, object value)
    {
        switch (value)
        {
            case bool truth:
                writer.WriteBoolean(name, truth);
                break;
            case StructuredFact fact:
                writer.WritePropertyName(name);
                fact.Node.WriteTo(writer);
                break;
            case int number:
                writer.WriteNumber(name, number);
                break;
            case long number:
                writer.WriteNumber(name, number);
                break;
            case float number:
                writer.WriteNumber(name, number);
                break;
            case double number:
                writer.WriteFinite(name, number);
                break;
            case FloatTensor array:
                writer.WriteShape(name, array.Shape.AsSpan());
                break;
            default:
                writer.WriteString(name, value.ToString());
                break;
        }
    }

    // "mel bands" is melBands in JSON.
    private static string CamelCase(string name) =>
        string.Concat(name.Split(' ').Select((word, index) => index == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
