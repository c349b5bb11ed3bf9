using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.TensorRt;

/// <summary>Which of an engine's tensors are mel, spectrum or samples, and how large they may be.</summary>
internal sealed class EngineTensors
{
    private readonly string _source;
    private readonly bool _hasMetadata;
    private readonly TrtTensor[] _outputs;

    private EngineTensors(string source, ModelSignature signature, TrtEngine engine, int profile)
    {
        _source = source;
        _hasMetadata = signature.HasMetadata;
        Metadata = signature.Metadata;
        Notes = signature.Notes;
        BinCount = (signature.Metadata.FftLength / 2) + 1;
        Mel = Find(signature.Mel);
        _outputs = [.. signature.Outputs.Select(Find)];
        Stream = signature.Stream is null ? null : new EngineStream(engine.Tensors);
        OtherOutputs =
            [.. engine.Tensors.Where(tensor => !tensor.IsInput && !Outputs.Contains(tensor) && Stream?.Tensors.Contains(tensor) != true)];

        (IReadOnlyList<long> min, IReadOnlyList<long> opt, IReadOnlyList<long> max) = engine.GetProfileShape(Mel, profile);
        if (min.Count != 3 || opt.Count != 3 || max.Count != 3)
            throw new DataFormatException($"{source}: profile {profile} does not say which shapes the input {Mel} takes.");
        Profile = new TrtOptimizationProfile((int)min[0], (int)opt[0], (int)max[0], (int)min[2], (int)opt[2], (int)max[2]);

        TrtTensor Find(TensorShape shape) => engine.Tensors.First(tensor => tensor.Name == shape.Name);
    }

    public VocoderMetadata Metadata { get; }

    /// <summary>What was guessed or assumed of the engine.</summary>
    public IReadOnlyList<string> Notes { get; }

    public int BinCount { get; }

    public TrtTensor Mel { get; }

    /// <summary>The outputs that are read: real and imaginary parts, or the samples alone.</summary>
    public IReadOnlyList<TrtTensor> Outputs => _outputs;

    public bool IsSpectrum => Outputs.Count == 2;

    /// <summary>Outputs that nobody reads, but which the engine wants to write.</summary>
    public IReadOnlyList<TrtTensor> OtherOutputs { get; }

    /// <summary>The state that the engine keeps from run to run; null where it keeps none.</summary>
    public EngineStream? Stream { get; }

    /// <summary>The shapes that the profile in use takes.</summary>
    public TrtOptimizationProfile Profile { get; }

    /// <summary>Reads an engine.</summary>
    /// <exception cref="DataFormatException">It is not a vocoder's, or has tensors that this library does not handle.</exception>
    public static EngineTensors Read(TrtEngine engine, string source, VocoderMetadata? metadata, ModelHints hints, int profile)
    {
        if (profile < 0 || profile >= engine.ProfileCount)
            throw new DataFormatException($"{source}: it has no profile {profile}; it has {engine.ProfileCount}, counted from 0.");
        EngineTensors network = new(
            source, ModelSignature.Resolve(source, Shapes(isInput: true), Shapes(isInput: false), metadata, hints), engine, profile);
        foreach (TrtTensor tensor in network.Outputs.Prepend(network.Mel))
            CheckHandled(source, tensor);
        foreach (TrtTensor tensor in network.Stream?.Tensors ?? [])
        {
            CheckHandled(source, tensor);
            if (tensor.DataType != TrtDataType.Float)
                throw new DataFormatException($"{source}: its state {tensor} is not FP32; export the model again.");
        }
        return network;

        TensorShape[] Shapes(bool isInput) =>
            [.. engine.Tensors.Where(tensor => tensor.IsInput == isInput).Select(tensor => new TensorShape(tensor.Name, tensor.Dimensions))];
    }

    /// <summary>Values of one output under the shape set in a context.</summary>
    /// <exception cref="DataFormatException">The engine's shapes are not what the model is said to be, or depend on the data.</exception>
    public int GetOutputSize(TrtExecutionContext context, int batch, int frames)
    {
        Span<long> shape = stackalloc long[8];
        if (IsSpectrum)
        {
            foreach (TrtTensor output in _outputs)
                CheckSpectrum(output, shape[..GetShape(context, output, shape)], batch, frames);
            return checked(batch * BinCount * frames);
        }
        int rank = GetShape(context, Outputs[0], shape);
        long samples = shape[rank - 1];
        if (shape[0] != batch || samples > int.MaxValue || (_hasMetadata && samples != Metadata.Stft.GetSampleCount(frames)))
            throw Contradiction(Outputs[0], shape[..rank], batch, frames);
        return checked(batch * (int)samples);
    }

    /// <summary>Values of an output that nobody reads, in units of FP32.</summary>
    public int GetCount(TrtExecutionContext context, TrtTensor tensor)
    {
        Span<long> shape = stackalloc long[8];
        int rank = GetShape(context, tensor, shape);
        long count = 1;
        foreach (long size in shape[..rank])
            count = checked(count * size);
        // INT64 is the widest type there is.
        return checked((int)count * 2);
    }

    private int GetShape(TrtExecutionContext context, TrtTensor tensor, Span<long> shape)
    {
        int rank = context.GetShape(tensor, shape);
        if (rank < 1 || shape[..rank].Contains(-1))
        {
            throw new DataFormatException(
                $"{_source}: the size of its output '{tensor.Name}' depends on the data (an ONNX NonZero or the like), so its memory "
                    + $"cannot be known beforehand; "
                + "a model is needed whose outputs depend on the length alone.")
            { Kind = FailureKind.NetworkUnsupported };
        }
        return rank;
    }

    private void CheckSpectrum(TrtTensor tensor, ReadOnlySpan<long> shape, int batch, int frames)
    {
        bool agrees = shape.Length == 3 && shape[0] == batch
            && (Metadata.Layout == SpectrumLayout.BinsMajor ? shape[1] == BinCount && shape[2] == frames : shape[1] == frames && shape[2] == BinCount);
        if (!agrees)
            throw Contradiction(tensor, shape, batch, frames);
    }

    private DataFormatException Contradiction(TrtTensor tensor, ReadOnlySpan<long> shape, int batch, int frames)
    {
        string expected = !IsSpectrum ? $"[{batch}, {Metadata.Stft.GetSampleCount(frames)}]"
            : Metadata.Layout == SpectrumLayout.BinsMajor ? $"[{batch}, {BinCount}, {frames}]" : $"[{batch}, {frames}, {BinCount}]";
        return new DataFormatException(
            $"{_source}: for {batch} × {frames} frames its output '{tensor.Name}' is [{string.Join(", ", shape.ToArray())}], but the "
                + $"model is said to put out {expected}; "
            + "build the engine again, or correct its sidecar.");
    }

    private static void CheckHandled(string source, TrtTensor tensor)
    {
        if (tensor.DataType is not (TrtDataType.Float or TrtDataType.Half))
            throw new DataFormatException(
                $"{source}: its tensor {tensor} is neither FP32 nor FP16; build the engine with FP32 or FP16 inputs and outputs.");
        if (!tensor.IsLinear || tensor.IsOnHost)
            throw new DataFormatException($"{source}: its tensor {tensor} is not plain row-major GPU memory ({tensor.Format}); build the "
                + $"engine with plain row-major inputs and outputs (trtexec: without --inputIOFormats and --outputIOFormats).");
    }
}
