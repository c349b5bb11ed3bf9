using System.Reflection;
using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.Internal;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Writes a Vocos checkpoint as an ONNX model: input <c>mel</c> [batch, n_mels, frames], outputs <c>real</c> and <c>imag</c>
/// ([batch, bins, frames] or [batch, frames, bins]) or <c>audio</c> [batch, samples], all FP32. A streaming model has state beside them:
/// <c>position</c>, <c>length</c>, <c>mel_state</c> and <c>block_state</c> in, <c>new_mel_state</c> and <c>new_block_state</c> out. The same checkpoint and options give the
/// same bytes. Safe for use by many threads.
/// </summary>
public static class OnnxExporter
{
    // Opset 20 is the newest that TensorRT 10.3 reads and the first with Gelu; IR version 9 goes with it.
    private const int OpsetVersion = 20;
    private const int IrVersion = 9;

    // n_fft 4096 takes half of it; with some more the file would not fit protobuf's 2 GB.
    private const long MaxMatrixBytes = 128 << 20;

    /// <summary>Writes the model, wholly or not at all.</summary>
    /// <param name="checkpoint">Config and weights.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">The form; null for the defaults.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="TrtVocoderException">Options contradict each other or the checkpoint; the message says which.</exception>
    /// <exception cref="IOException">The file cannot be written; the message is a sentence for the user.</exception>
    public static void Export(VocosCheckpoint checkpoint, string path, OnnxExportOptions? options = null, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelProto model = Build(checkpoint, options ?? new OnnxExportOptions());
        AtomicFile.Write(path, overwrite, model.WriteTo);
    }

    /// <summary>
    /// The model in memory: the bytes that <see cref="Export(VocosCheckpoint, string, OnnxExportOptions?, bool)"/> writes.
    /// </summary>
    /// <param name="checkpoint">Config and weights.</param>
    /// <param name="options">The form; null for the defaults.</param>
    /// <exception cref="TrtVocoderException">Options contradict each other or the checkpoint; the message says which.</exception>
    public static byte[] Export(VocosCheckpoint checkpoint, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return Build(checkpoint, options ?? new OnnxExportOptions()).ToByteArray();
    }

    /// <summary>The metadata that an export writes into the model.</summary>
    public static VocoderMetadata GetMetadata(VocosCheckpoint checkpoint, OnnxExportOptions options)
    {
        VocosConfig config = checkpoint.Config;
        return new VocoderMetadata
        {
            SampleRate = config.SampleRate,
            FftLength = config.FftLength,
            HopLength = config.HopLength,
            MelCount = config.MelCount,
            Padding = config.Padding,
            Layout = options.Layout ?? SpectrumLayout.BinsMajor,
            Signal = options.Signal,
            MelFloor = options.MelFloor ?? config.MelFloor,
            MelMinFrequency = config.MelMinFrequency,
            MelMaxFrequency = config.MelMaxFrequency,
            HasSlaneyScale = config.HasSlaneyScale,
            HasSlaneyNorm = config.HasSlaneyNorm,
            ReceptiveFieldFrames = config.ReceptiveFieldFrames,
            IsStreaming = options.Streaming,
            Precision = options.Precision == OnnxPrecision.Fp16 ? "fp16" : "fp32",
            ModelHash = checkpoint.ModelHash,
        };
    }

    internal static ModelProto Build(VocosCheckpoint checkpoint, OnnxExportOptions options)
    {
        options.Validate();
        ModelProto model = new()
        {
            IrVersion = IrVersion,
            ProducerName = "trtvocoder",
            ProducerVersion = typeof(OnnxExporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
            Graph = BuildGraph(checkpoint, options),
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OpsetVersion });
        foreach ((string key, string value) in GetMetadata(checkpoint, options).ToProperties()
            .OrderBy(pair => pair.Key, StringComparer.Ordinal))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    private static GraphProto BuildGraph(VocosCheckpoint checkpoint, OnnxExportOptions options)
    {
        VocosConfig config = checkpoint.Config;
        OnnxGraphBuilder graph = new("vocos");
        GraphWeights weights = new(checkpoint, graph, options.Precision == OnnxPrecision.Fp16 ? DataType.Float16 : DataType.Float);
        ITemporalConvolution convolution = options.Form == NetworkForm.Shift
            ? new ShiftedConvolution(weights, pads: !options.Streaming)
            : new ConvolutionNodes(weights, pads: !options.Streaming);
        object batch = options.Streaming ? 1 : "batch";
        string mel = graph.AddInput("mel", batch, config.MelCount, "frames");
        StreamingNodes? state = options.Streaming ? new StreamingNodes(weights, mel) : null;
        string hidden = new VocosTrunk(weights, convolution, state).Emit(mel);
        SpectrumHead head = new(weights);
        if (options.Signal == OutputKind.Waveform)
        {
            if (config.HopLength == config.FftLength)
                throw new TrtVocoderException($"The inverse STFT cannot be part of the model: with a hop of {config.HopLength} samples, "
                    + $"as long as n_fft, the Hann windows do not overlap and some samples are lost; export a spectrum.");
            long matrixBytes = 8L * head.PaddedBins * (config.FftLength + config.HopLength);
            if (matrixBytes > MaxMatrixBytes)
                throw new TrtVocoderException($"The inverse STFT cannot be part of the model: with an n_fft of {config.FftLength} its "
                    + $"matrix takes {matrixBytes >> 20} MiB, at most {MaxMatrixBytes >> 20} are written; export a spectrum.");
            (string real, string imag) = head.Emit(hidden, SpectrumLayout.FrameMajor);
            new InverseStftNodes(graph, config.Stft, head.PaddedBins).Emit(mel, real, imag);
            graph.AddOutput("audio", "batch", "samples");
        }
        else
        {
            SpectrumLayout layout = options.Layout ?? SpectrumLayout.BinsMajor;
            head.EmitOutputs(hidden, layout);
            object[] shape = layout == SpectrumLayout.BinsMajor
                ? [batch, config.BinCount, "frames"]
                : [batch, "frames", config.BinCount];
            graph.AddOutput("real", shape);
            graph.AddOutput("imag", shape);
        }

        return graph.Graph;
    }
}
