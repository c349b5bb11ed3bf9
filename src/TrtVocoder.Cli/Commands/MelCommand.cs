using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>mel</c>: a WAV file to the mel that a model takes.</summary>
internal sealed class MelCommand : CliCommand
{
    private readonly Argument<string> _input = new("INPUT")
    {
        Description =
        "WAV file of any sample rate and channels; - for standard input."
    };
    private readonly Option<string> _to = new("--output", "-o")
    {
        Description = "Array [bands, frames] of natural-log amplitudes: .npy or .safetensors (tensor 'mel'); - for .npy on standard "
            + "output.",
        Required = true,
    };

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description =
        "Model or checkpoint whose parameters to use. Default: those of vocos-mel-24khz."
    };
    private readonly Option<float?> _floor = Options.Floor(
        "Floor under mel amplitudes before the logarithm: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the model's own.");
    private readonly CheckpointChoices _checkpoint = new();
    private readonly Option<bool> _force = Options.Force("Replace an existing file.");

    public override string Examples => """
        trtvocoder mel speech.wav --output mel.npy
        trtvocoder mel speech.wav --output mel.safetensors --model vocos.onnx
        trtvocoder mel speech.wav --output - --floor 1e-5 | python use_mel.py
        """;

    public override IEnumerable<Symbol> Symbols => [_input, _to, _model, _floor, .. _checkpoint.All, _force];

    public override CommandResult Run(CommandCall call)
    {
        string path = call.Get(_to)!;
        OutputPath.Check(path, call.Get(_force), call.Output, "--output", ".npy", ".safetensors");
        VocoderMetadata metadata = call.Get(_model) is { } from ? ModelSource.ReadMetadata(from, call.Output, _checkpoint.Read(call)) : SpeechInput.Vocos24Khz;
        metadata = metadata with { MelFloor = call.Get(_floor) ?? metadata.MelFloor };
        InputFile file = InputFile.Read(call.Get(_input)!);
        Mel mel = SpeechInput.ToMel(SpeechInput.Read(file, metadata.SampleRate, call.Output), metadata, file.Name);

        FloatTensor tensor = new([mel.Bands, mel.Frames], mel.Values);
        bool isSafetensors = Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase);
        OutputPath.Write(path, call.Get(_force), stream =>
        {
            if (isSafetensors)
                SafetensorsFile.Write(stream, new Dictionary<string, FloatTensor> { ["mel"] = tensor }, null, metadata.ToProperties());
            else
                NpyFile.Write(stream, tensor);
        });
        return new MelResult(
            file.Name, path, [mel.Bands, mel.Frames], metadata.SampleRate, metadata.FftLength, metadata.HopLength, metadata.MelFloor);
    }
}

/// <summary>The mel that <c>mel</c> wrote.</summary>
internal sealed record MelResult(string Input, string Output, IReadOnlyList<int> Shape, int SampleRate, int FftLength, int HopLength,
    float MelFloor) : CommandResult
{
    public override IEnumerable<string> ToLines() => [string.Create(
        CultureInfo.InvariantCulture,
        $"{OutputPath.Name(Output)}: mel [{Shape[0]}, {Shape[1]}], {SampleRate} Hz, n_fft {FftLength}, hop {HopLength}, floor "
            + $"{MelFloor:R}")];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.MelResult);
}
