using System.CommandLine;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>What <c>synth</c>, <c>compare</c> and <c>bench</c> take for models by others and for engines.</summary>
internal sealed class EngineOptions
{
    private readonly Option<string?> _real = new("--real") { Description = "Name of the model's output with the real parts." };
    private readonly Option<string?> _imag = new("--imag") { Description = "Name of the model's output with the imaginary parts." };
    private readonly Option<int?> _receptiveField = new("--receptive-field")
    {
        Description = "Frames to each side that an output frame depends on, of a model that does not tell: then inputs longer than its limit can be chunked.",
    };
    private readonly Option<int> _device = new("--device") { Description = "The GPU's number, for engines.", DefaultValueFactory = _ => 0 };
    private readonly Option<string> _buffers = new("--buffers")
    {
        Description = "How data travel to an engine: pinned (copies), mapped (none), or auto (mapped where the GPU shares the host's memory).",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<int> _profile = new("--profile") { Description = "The engine's optimisation profile.", DefaultValueFactory = _ => 0 };
    private readonly Option<bool> _hostCode = new("--allow-host-code")
    {
        Description = "Load version-compatible engines, which carry executable code: only from those you trust.",
    };

    public EngineOptions(Command command)
    {
        _buffers.AcceptOnlyFromAmong("auto", "pinned", "mapped");
        NotNegative(_device);
        NotNegative(_profile);
        _receptiveField.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 0)
                result.AddError("--receptive-field must be 0 or more.");
        });
        foreach (Option option in (Option[])[_real, _imag, _receptiveField, _device, _buffers, _profile, _hostCode])
            command.Options.Add(option);
    }

    /// <summary>What the user knows of the model.</summary>
    public ModelHints Hints(ParseResult result)
    {
        if ((result.GetValue(_real) is null) != (result.GetValue(_imag) is null))
            throw CliException.Usage("--real and --imag go together.");
        return new ModelHints
        {
            RealOutput = result.GetValue(_real),
            ImagOutput = result.GetValue(_imag),
            ReceptiveFieldFrames = result.GetValue(_receptiveField),
        };
    }

    /// <summary>Makes the engines that this process loads use the options; says so where none of the models can be one.</summary>
    public void Apply(ParseResult result, CommandOutput output, params ReadOnlySpan<string> models)
    {
        bool hasEngine = false;
        foreach (string model in models)
            hasEngine |= !Directory.Exists(model) && !model.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);
        foreach (Option option in (Option[])[_device, _buffers, _profile, _hostCode])
            if (!hasEngine && result.GetResult(option) is { Implicit: false })
                output.Note($"{option.Name} is for engines and does nothing here.");
        DecoderBackends.Register(new TrtDecoderBackend(new TrtDecoderOptions
        {
            Device = result.GetValue(_device),
            Buffers = result.GetValue(_buffers) switch { "pinned" => BufferMode.Pinned, "mapped" => BufferMode.Mapped, _ => BufferMode.Auto },
            Profile = result.GetValue(_profile),
            AllowHostCode = result.GetValue(_hostCode),
        }));
    }

    private static void NotNegative(Option<int> option) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() < 0)
            result.AddError($"{option.Name} must be 0 or more.");
    });
}
