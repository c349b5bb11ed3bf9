using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>Every form of the exported model, run by ONNX Runtime, against what upstream's PyTorch code computes.</summary>
public sealed class OnnxAccuracyTests
{
    // MSE relative to the signal's power: 100 dB for FP32, 40 dB for an FP16 trunk.
    private const double Fp32Limit = 1e-10;
    private const double Fp16Limit = 1e-4;

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void Agrees_with_upstream_on_center(OnnxExportOptions options) => AssertGolden("tiny-center", options, "T001", "T002", "T003", "T027", "batch3");

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void Agrees_with_upstream_on_same(OnnxExportOptions options) => AssertGolden("tiny-same", options, "T001", "T002", "T005", "T064");

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void Agrees_with_upstream_on_other_sizes(OnnxExportOptions options) => AssertGolden("tiny-80mel", options, "T001", "T002", "T005", "T064");

    private static void AssertGolden(string checkpoint, OnnxExportOptions options, params string[] names)
    {
        ModelProto model = OnnxExporter.Build(OnnxVariants.Tiny(checkpoint), options);
        AssertGolden(checkpoint, options, model.ToByteArray(), names);
        if (options.Precision == OnnxPrecision.Fp16)
            AssertGolden(checkpoint, options, Fp16Emulation.Rewrite(model).ToByteArray(), names);
    }

    private static void AssertGolden(string checkpoint, OnnxExportOptions options, byte[] model, string[] names)
    {
        foreach (string name in names)
        {
            (int[] shape, float[] mel) = NpyVectors.Read(TestPaths.Data("golden", checkpoint, $"{name}.mel.npy"));
            Dictionary<string, (int[] Shape, float[] Values)> outputs = OnnxRun.Run(model, ("mel", shape, mel));
            if (options.Signal == OutputKind.Waveform)
            {
                AssertClose(options, $"{checkpoint} {name} audio", outputs["audio"], Golden("audio"));
            }
            else
            {
                AssertClose(options, $"{checkpoint} {name} real", outputs["real"], InLayout(Golden("re")));
                AssertClose(options, $"{checkpoint} {name} imag", outputs["imag"], InLayout(Golden("im")));
            }

            (int[] Shape, float[] Values) Golden(string part) => NpyVectors.Read(TestPaths.Data("golden", checkpoint, $"{name}.{part}.npy"));
        }

        (int[] Shape, float[] Values) InLayout((int[] Shape, float[] Values) golden) => options.Layout == SpectrumLayout.BinsMajor
            ? golden
            : ([golden.Shape[0], golden.Shape[2], golden.Shape[1]], OnnxRun.Transposed(golden.Values, golden.Shape[0], golden.Shape[1], golden.Shape[2]));
    }

    private static void AssertClose(OnnxExportOptions options, string what, (int[] Shape, float[] Values) actual, (int[] Shape, float[] Values) expected)
    {
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape), what);
        if (expected.Values.Length == 0)
            return;
        double error = OnnxRun.RelativeError(actual.Values, expected.Values);
        double greatest = actual.Values.Zip(expected.Values, (a, e) => Math.Abs(a - e)).Max();
        TestContext.Out.WriteLine($"{OnnxVariants.Name(options)} {what}: {-10 * Math.Log10(error):F1} dB");
        Assert.That(error, Is.LessThanOrEqualTo(options.Precision == OnnxPrecision.Fp16 ? Fp16Limit : Fp32Limit), $"{what}: greatest error {greatest}");
    }
}
