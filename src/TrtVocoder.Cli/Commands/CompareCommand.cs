using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Comparing;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Files;
using TrtVocoder.Plotting;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>compare</c>: two WAV files, or two models on one input.</summary>
internal sealed class CompareCommand : CliCommand
{
    // Two recordings of one sound may differ by a hop or two at the end; more than this share is said.
    private const double LengthTolerance = 0.01;

    private readonly Argument<string> _first = new("A")
    {
        Description =
        "The reference: a WAV file, or a model (.onnx, .engine, checkpoint)."
    };
    private readonly Argument<string> _second = new("B") { Description = "What is compared with it: likewise." };
    private readonly Option<string?> _input = new("--input", "-i") { Description = "What both models decode: a mel or a WAV file." };
    private readonly Option<string?> _plot = new("--plot") { Description = "PNG with both waveforms and mel spectrograms." };
    private readonly Option<float?> _floor = Options.Floor(
        "Floor under mel amplitudes for the log-mel distance. Default: 1e-7, or the model's own.");
    private readonly Option<bool> _transposed = new("--transposed") { Description = "The mel is [frames, bands]." };
    private readonly Option<string?> _key = Options.Key();
    private readonly Option<bool> _force = Options.Force("Replace an existing picture.");
    private readonly EngineOptions _engine = new();

    public override string Examples => """
        trtvocoder compare speech.wav out.wav --plot compare.png
        trtvocoder compare vocos.onnx vocos-fp16.onnx --input speech.wav
        trtvocoder compare vocos.onnx vocos.engine --input speech.wav
        """;

    public override IEnumerable<Symbol> Symbols => [_first, _second, _input, _plot, _floor, _transposed, _key, _force, .. _engine.Symbols];

    public override CommandResult Run(CommandCall call)
    {
        if (call.Get(_plot) is { } picture)
        {
            if (picture == OutputPath.Standard || !picture.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                throw CliException.Usage($"--plot {picture}: the name must end in .png.");
            OutputPath.Check(picture, call.Get(_force), call.Output, "--plot");
        }
        (string a, string b) = (call.Get(_first)!, call.Get(_second)!);
        List<DecodedModel> models = [];
        (float[] samplesA, float[] samplesB, VocoderMetadata metadata) = call.Get(_input) is { } source
            ? Decode(a, b, source, _engine.Complete(new VocoderOptions(), call, a, b), call, models)
            : Read(a, b, call.Output);
        metadata = metadata with { MelFloor = call.Get(_floor) ?? metadata.MelFloor };
        Trim(ref samplesA, ref samplesB, (a, b), metadata.SampleRate, call.Output);

        SoundComparison comparison = SoundComparison.Of(samplesA, samplesB, metadata, a);
        if (call.Get(_plot) is { } path)
        {
            if (PlotFont.Path is null)
                call.Output.Note(PlotFont.MissingNote);
            Draw(path, call.Get(_force), samplesA, samplesB, (a, b), metadata);
        }
        return new CompareResult(a, b, metadata.SampleRate, samplesA.Length, metadata.MelFloor, comparison) { Plot = call.Get(_plot), Models = models };
    }

    private static (float[] A, float[] B, VocoderMetadata Metadata) Read(string a, string b, CommandOutput output)
    {
        foreach (string path in (string[])[a, b])
            if (Directory.Exists(path) || Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".engine" or ".plan")
                throw CliException.Usage($"{path} is a model; comparing models needs --input with a mel or WAV file for both to decode.");
        if (a == OutputPath.Standard && b == OutputPath.Standard)
            throw CliException.Usage("Standard input (-) can be one of the two sounds only.");
        InputFile fileA = InputFile.Read(a), fileB = InputFile.Read(b);
        if (fileA.Kind != InputKind.Wav)
            throw CliException.BadInput($"{fileA.Name} is not a WAV file{FileContent.Describe(fileA.Start, fileA.Name)}.");
        int rate = WavFile.Read(fileA.Open(), fileA.Name).SampleRate;
        VocoderMetadata metadata = SpeechInput.Vocos24Khz with { SampleRate = rate };
        return (SpeechInput.Read(fileA, rate, output), SpeechInput.Read(fileB, rate, output), metadata);
    }

    private (float[] A, float[] B, VocoderMetadata Metadata) Decode(
        string a, string b, string source, VocoderOptions options, CommandCall call, List<DecodedModel> models)
    {
        InputFile input = InputFile.Read(source);
        (SynthesisResult resultA, VocoderMetadata metadataA) = Decode(a, input, options, call);
        (SynthesisResult resultB, VocoderMetadata metadataB) = Decode(b, input, options, call);
        if (metadataA.SampleRate != metadataB.SampleRate)
            throw CliException.BadInput($"{a} speaks at {metadataA.SampleRate} Hz and {b} at {metadataB.SampleRate} Hz; only models of "
                + $"one sample rate can be compared.");
        models.AddRange(
            [new DecodedModel(a, resultA.Frames, resultA.DecodeSeconds), new DecodedModel(b, resultB.Frames, resultB.DecodeSeconds)]);
        return (resultA.Samples, resultB.Samples, metadataA);
    }

    private (SynthesisResult Result, VocoderMetadata Metadata) Decode(
        string model, InputFile input, VocoderOptions options, CommandCall call)
    {
        using Vocoder vocoder = ModelSource.Load(model, options, call.Output, _engine.ReadCheckpoint(call));
        using VocoderSession session = vocoder.CreateSession();
        return (SynthesisResult.Run(input, vocoder, session, null, new MelChoice(call.Get(_transposed), call.Get(_key)), call.Output),
            vocoder.Metadata);
    }

    private static void Trim(ref float[] a, ref float[] b, (string A, string B) names, int sampleRate, CommandOutput output)
    {
        int length = Math.Min(a.Length, b.Length);
        if (Math.Max(a.Length, b.Length) - length > LengthTolerance * length)
            output.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{names.A} lasts {(double)a.Length / sampleRate:0.00} s and {names.B} {(double)b.Length / sampleRate:0.00} s; only the "
                    + $"common beginning is compared."));
        a = a[..length];
        b = b[..length];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Draw(string path, bool force, float[] a, float[] b, (string A, string B) names, VocoderMetadata metadata)
    {
        byte[] picture = ComparisonPlot.Draw(a, b, names, metadata);
        OutputPath.Write(path, force, stream => stream.Write(picture));
    }
}
