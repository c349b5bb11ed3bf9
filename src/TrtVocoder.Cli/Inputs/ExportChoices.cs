using System.CommandLine;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;

namespace TrtVocoder.Cli.Inputs;

/// <summary>The form in which a checkpoint's network is written, as <c>export</c> and <c>build</c> take it.</summary>
internal sealed class ExportChoices
{
    private const string Fp16 = "fp16";
    private const string Waveform = "waveform";
    private const string FrameMajor = "frame-major";
    private const string Shift = "shift";

    private readonly Option<string?> _precision;
    private readonly Option<string?> _layout;
    private readonly Option<string?> _depthwise;
    private readonly Option<string?> _signal;

    /// <param name="prefix">Begins each description.</param>
    public ExportChoices(string prefix = "")
    {
        _precision = Options.Choice("--precision", prefix + "fp32 (default), or fp16: the trunk in half precision, head, input and outputs in single.", "fp32", Fp16);
        _layout = Options.Choice("--layout", prefix + "Memory order of the spectra: bins-major (usual, the default) or frame-major (nothing to transpose).", "bins-major", FrameMajor);
        _depthwise = Options.Choice("--depthwise", prefix + "How convolutions over time are written: conv nodes (default), or shifted multiply-adds.", "conv", Shift);
        _signal = Options.Choice("--signal", prefix + "What the model puts out: spectrum (default), or waveform (the inverse STFT inside).", "spectrum", Waveform);
    }

    /// <summary>The options, in the order of the help.</summary>
    public IReadOnlyList<Option> Symbols => [_precision, _layout, _depthwise, _signal];

    /// <summary>The names of the choices as they are printed.</summary>
    public (string Precision, string Layout, string Depthwise, string Signal) Names(CommandCall call) =>
        (call.Get(_precision) ?? "fp32", call.Get(_layout) ?? "bins-major", call.Get(_depthwise) ?? "conv", call.Get(_signal) ?? "spectrum");

    /// <summary>What was chosen.</summary>
    /// <exception cref="CliException">The choices contradict each other.</exception>
    public OnnxExportOptions Read(CommandCall call)
    {
        OutputKind signal = call.Get(_signal) == Waveform ? OutputKind.Waveform : OutputKind.Spectrum;
        if (signal == OutputKind.Waveform && call.Get(_layout) is not null)
            throw CliException.Usage("--layout concerns spectra, and --signal waveform puts out none; leave one of them out.");
        return new OnnxExportOptions
        {
            Precision = call.Get(_precision) == Fp16 ? OnnxPrecision.Fp16 : OnnxPrecision.Fp32,
            Layout = call.Get(_layout) switch { null => null, FrameMajor => SpectrumLayout.FrameMajor, _ => SpectrumLayout.BinsMajor },
            Depthwise = call.Get(_depthwise) == Shift ? DepthwiseForm.Shift : DepthwiseForm.Conv,
            Signal = signal,
        };
    }
}
