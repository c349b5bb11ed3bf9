using System.CommandLine;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;

namespace TrtVocoder.Cli.Inputs;

/// <summary>
/// The form in which a checkpoint's network is written, as <c>export</c> and <c>build</c> take it; their defaults differ.
/// </summary>
internal sealed class ExportChoices
{
    private readonly Option<string?> _precision;
    private readonly Option<string?> _layout;
    private readonly Option<string?> _signal;
    private readonly Option<bool> _streaming;

    /// <param name="precision">What the help says of --precision.</param>
    /// <param name="layout">Of --layout.</param>
    /// <param name="signal">Of --signal.</param>
    /// <param name="streaming">Of --streaming.</param>
    public ExportChoices(string precision, string layout, string signal, string streaming)
    {
        _precision = Options.Choice("--precision", precision, "fp32", "fp16");
        _layout = Options.Choice("--layout", layout, "bins-major", "frame-major");
        _signal = Options.Choice("--signal", signal, "spectrum", "waveform");
        _streaming = new Option<bool>("--streaming") { Description = streaming };
    }

    /// <summary>The options, in the order of the help.</summary>
    public IReadOnlyList<Option> Symbols => [_precision, _layout, _signal, _streaming];

    /// <summary>What was chosen.</summary>
    /// <param name="call">The command line.</param>
    /// <param name="otherwise">What holds where nothing was.</param>
    /// <exception cref="CliException">The choices contradict each other.</exception>
    public OnnxExportOptions Read(CommandCall call, OnnxExportOptions otherwise)
    {
        OutputKind signal = call.Get(_signal) switch { null => otherwise.Signal, "waveform" => OutputKind.Waveform, _ => OutputKind.Spectrum };
        if (signal == OutputKind.Waveform && call.Get(_layout) is not null)
            throw CliException.Usage("--layout concerns spectra, and --signal waveform puts out none; leave one of them out.");
        if (signal == OutputKind.Waveform && call.Get(_streaming))
            throw CliException.Usage("--streaming puts out spectra, and --signal waveform samples; leave one of them out.");
        return otherwise with
        {
            Precision = call.Get(_precision) switch { null => otherwise.Precision, "fp16" => OnnxPrecision.Fp16, _ => OnnxPrecision.Fp32 },
            Layout = signal == OutputKind.Waveform ? null
                : call.Get(_layout) switch { null => otherwise.Layout, "frame-major" => SpectrumLayout.FrameMajor, _ => SpectrumLayout.BinsMajor },
            Signal = signal,
            Streaming = call.Get(_streaming),
        };
    }
}
