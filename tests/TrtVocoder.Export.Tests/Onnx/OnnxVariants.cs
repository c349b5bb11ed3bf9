using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>Every combination of export options that makes sense, and the golden checkpoints to try them on.</summary>
internal static class OnnxVariants
{
    public static IEnumerable<OnnxExportOptions> All =>
        from precision in Enum.GetValues<OnnxPrecision>()
        from form in Enum.GetValues<NetworkForm>()
        from layout in new SpectrumLayout?[] { SpectrumLayout.BinsMajor, SpectrumLayout.FrameMajor, null }
        select new OnnxExportOptions
        {
            Precision = precision,
            Form = form,
            Layout = layout,
            Signal = layout is null ? OutputKind.Waveform : OutputKind.Spectrum,
        };

    /// <summary>Every network with state.</summary>
    public static IEnumerable<OnnxExportOptions> Streaming =>
        from options in All
        where options.Signal == OutputKind.Spectrum
        select options with { Streaming = true };

    /// <summary>As <c>fp16.shift.frame-major</c>: for test and file names.</summary>
    public static string Name(OnnxExportOptions options)
    {
        string ending = options.Signal == OutputKind.Waveform ? "waveform" : options.Layout == SpectrumLayout.FrameMajor ? "frame-major" : "bins-major";
        return $"{(options.Precision == OnnxPrecision.Fp16 ? "fp16" : "fp32")}.{(options.Form == NetworkForm.Shift ? "shift" : "conv")}.{ending}{(options.Streaming ? ".streaming" : "")}";
    }

    public static IEnumerable<TestCaseData> Cases => All.Select(options => new TestCaseData(options).SetArgDisplayNames(Name(options)));

    public static VocosCheckpoint Tiny(string name) => VocosCheckpoint.Load(TestPaths.Data("golden", name));
}
