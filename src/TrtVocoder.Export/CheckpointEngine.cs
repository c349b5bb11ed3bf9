using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Export;

/// <summary>
/// Builds TensorRT engines of checkpoints: of the form that runs fastest, or of the next one where TensorRT refuses it. Safe for use by
/// many threads.
/// </summary>
public static class CheckpointEngine
{
    /// <summary>What engines run fastest in: an FP16 trunk, and spectra frame by frame.</summary>
    public static OnnxExportOptions FastestExport { get; } = new() { Precision = OnnxPrecision.Fp16, Layout = SpectrumLayout.FrameMajor };

    /// <summary>Builds an engine file with its sidecar; <see cref="TrtBuilder"/> tells of parameters and errors.</summary>
    /// <param name="checkpoint">Config and weights.</param>
    /// <param name="name">The network's name for messages and the sidecar, in place of an .onnx file's.</param>
    /// <param name="enginePath">Where the engine goes.</param>
    /// <param name="export">Precision, layout and signal, and the form that is tried first; null for <see cref="FastestExport"/>.</param>
    /// <param name="options">What to build with; null for the defaults.</param>
    /// <param name="progress">Hears of the progress, from any thread.</param>
    /// <param name="cancellation">Cancels the build.</param>
    /// <exception cref="TrtVocoderException">
    /// Besides the builder's: the export's options contradict each other or the checkpoint.
    /// </exception>
    public static TrtBuildResult Build(
        VocosCheckpoint checkpoint, string name, string enginePath, OnnxExportOptions? export = null, TrtBuildOptions? options = null,
        IProgress<TrtBuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        export ??= FastestExport;
        IEnumerable<NetworkForm> others = Enum.GetValues<NetworkForm>().Where(form => form != export.Form);
        OnnxSource[] forms = [.. others.Prepend(export.Form).Select(form => new OnnxSource
        {
            Name = name,
            Form = NameOf(form),
            Read = () => OnnxExporter.Export(checkpoint, export with { Form = form }),
        })];
        return TrtBuilder.Build(forms, enginePath, options, progress, cancellation);
    }

    /// <summary>
    /// The network that an engine of the checkpoint is held against, as the bytes of an ONNX model: FP32 throughout and with plain
    /// convolutions, so that it shows what FP16, the fast form and the builder together cost.
    /// </summary>
    /// <param name="checkpoint">Config and weights.</param>
    /// <param name="export">The engine's own export; null for <see cref="FastestExport"/>.</param>
    public static byte[] ExportReference(VocosCheckpoint checkpoint, OnnxExportOptions? export = null) =>
        OnnxExporter.Export(checkpoint, (export ?? FastestExport) with { Precision = OnnxPrecision.Fp32, Form = NetworkForm.Conv });

    private static string NameOf(NetworkForm form) => form == NetworkForm.Shift ? "shift" : "conv";
}
