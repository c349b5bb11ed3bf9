using System.CommandLine;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>What <c>synth</c>, <c>compare</c> and <c>bench</c> take for models by others and for engines.</summary>
internal sealed class EngineOptions
{
    private readonly Option<string?> _real = new("--real") { Description = "Name of the model's output with the real parts." };
    private readonly Option<string?> _imag = new("--imag") { Description = "Name of the model's output with the imaginary parts." };
    private readonly Option<string?> _audio = new("--output-name", "--audio")
    {
        Description = "Name of the model's output with the samples, where it has several.",
    };
    private readonly Option<int?> _fftLength = Options.OptionalInteger("--n-fft",
        "n_fft of a model that tells it neither by its metadata nor by its shapes.", least: 2, most: 1 << 20);
    private readonly Option<int?> _hopLength = Options.OptionalInteger("--hop-length",
        "Hop in samples of a model that does not tell. Default: n_fft / 4.", least: 1, most: 1 << 20);
    private readonly Option<int?> _melCount = Options.OptionalInteger(
        "--mel-bands", "Mel bands of a model that does not tell.", least: 1, most: 1 << 16, "--n-mels");
    private readonly Option<string?> _padding = Options.Choice("--padding",
        "Padding of the inverse STFT of a model that does not tell. Default: center.", "center", "same");
    private readonly Option<int?> _receptiveField = Options.OptionalInteger(
        "--receptive-field", "Frames to each side that an output frame depends on, of a model that does not tell: then inputs longer than "
            + "its limit can be chunked.", least: 0, most: 100_000);

    private readonly CheckpointChoices _checkpoint = new();

    private readonly Option<int> _device = Options.Integer("--device", "The GPU's number, for engines.", 0);
    private readonly Option<string> _buffers = Options.Choice(
        "--buffers", "How data travel to an engine: pinned (copies), mapped (none), or auto (mapped where the GPU shares the host's "
            + "memory).", "auto", ["auto", "pinned", "mapped"]);

    private readonly Option<string> _inverseStft = Options.Choice(
        "--inverse-stft", "Where an engine's spectra are turned into samples: gpu, host, or auto (on the GPU where it can).",
        "auto", ["auto", "gpu", "host"]);

    private readonly Option<int> _profile = Options.Integer("--profile", "The engine's optimisation profile.", 0);
    private readonly Option<bool> _hostCode = new("--allow-host-code")
    {
        Description = "Load version-compatible engines, which carry executable code: only from those you trust.",
    };

    /// <summary>--sample-rate.</summary>
    public Option<int?> SampleRate { get; } = Options.OptionalInteger("--sample-rate",
        "Sample rate in Hz of a model that does not tell. Default: 24000.", least: 1, most: 1_000_000);

    /// <summary>The options, in the order of the help.</summary>
    public IEnumerable<Symbol> Symbols =>
        [_real, _imag, _audio, SampleRate, _fftLength, _hopLength, _melCount, _padding, _receptiveField, .. _checkpoint.Own, _device, _buffers, _inverseStft, _profile, _hostCode];

    /// <summary>Completes options by what the user told of models and engines; says so where none of the models can be an engine.</summary>
    public VocoderOptions Complete(VocoderOptions options, CommandCall call, params ReadOnlySpan<string> models)
    {
        bool hasEngine = false;
        foreach (string model in models)
            hasEngine |= !Directory.Exists(model) && !model.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);
        foreach (Option option in (Option[])[_device, _buffers, _inverseStft, _profile, _hostCode])
            if (!hasEngine && call.Has(option))
                call.Output.Note($"{option.Name} is for engines and does nothing here.");
        return options with
        {
            Model = ReadHints(call),
            InverseStft = (hasEngine ? call.Get(_inverseStft) : "auto") switch
            {
                "gpu" => InverseStftPlace.Gpu,
                "host" => InverseStftPlace.Host,
                _ => InverseStftPlace.Auto,
            },
            Engine = new TrtDecoderOptions
            {
                Device = call.Get(_device),
                Buffers = call.Get(_buffers) switch { "pinned" => BufferMode.Pinned, "mapped" => BufferMode.Mapped, _ => BufferMode.Auto },
                Profile = call.Get(_profile),
                AllowHostCode = call.Get(_hostCode),
            },
        };
    }

    /// <summary>What was chosen of checkpoints.</summary>
    public CheckpointChoice ReadCheckpoint(CommandCall call) => _checkpoint.ReadOwn(call) with
    {
        SampleRate = call.Get(SampleRate),
        HopLength = call.Get(_hopLength),
        Padding = call.Get(_padding) switch { "same" => StftPadding.Same, "center" => StftPadding.Center, _ => null },
    };

    private ModelHints ReadHints(CommandCall call)
    {
        if ((call.Get(_real) is null) != (call.Get(_imag) is null))
            throw CliException.Usage("--real and --imag go together.");
        if (call.Get(_audio) is not null && call.Get(_real) is not null)
            throw CliException.Usage("--output-name names the samples and --real and --imag a spectrum; a model puts out one of them.");
        ModelHints hints = new()
        {
            RealOutput = call.Get(_real),
            ImagOutput = call.Get(_imag),
            AudioOutput = call.Get(_audio),
            FftLength = call.Get(_fftLength),
            HopLength = call.Get(_hopLength),
            MelCount = call.Get(_melCount),
            ReceptiveFieldFrames = call.Get(_receptiveField),
            BandwidthId = _checkpoint.ReadOwn(call).BandwidthId,
        };
        // Only what was told is set: what is assumed, the model may answer.
        if (call.Get(_padding) is { } padding)
            hints = hints with { Padding = padding == "same" ? StftPadding.Same : StftPadding.Center };
        return call.Get(SampleRate) is { } rate ? hints with { SampleRate = rate } : hints;
    }
}
