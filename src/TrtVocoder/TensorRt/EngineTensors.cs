using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.TensorRt;

/// <summary>Which of an engine's tensors are mel, spectrum or samples, and how large they may be.</summary>
internal sealed class EngineTensors
{
    private readonly string _source;
    private readonly TrtTensor[] _outputs;

    private EngineTensors(string source, ModelSignature signature, TrtEngine engine, int profile)
    {
        _source = source;
        HasMetadata = signature.HasMetadata;
        Metadata = signature.Metadata;
        Notes = signature.Notes;
        Form = signature.Form;
        Description = signature.Description;
        BinCount = (signature.Metadata.FftLength / 2) + 1;
        Mel = Find(signature.Mel);
        _outputs = [.. signature.Outputs.Select(Find)];
        Stream = signature.Stream is null ? null : new EngineStream(engine.Tensors);
        OtherOutputs =
            [.. engine.Tensors.Where(tensor => !tensor.IsInput && !Outputs.Contains(tensor) && Stream?.Tensors.Contains(tensor) != true)];

        (IReadOnlyList<long> min, IReadOnlyList<long> opt, IReadOnlyList<long> max) = engine.GetProfileShape(Mel, profile);
        if (min.Count != 3 || opt.Count != 3 || max.Count != 3)
            throw new DataFormatException($"{source}: profile {profile} does not say which shapes the input {Mel} takes.");
        IsFrameMajorMel = signature.Inputs.IsFrameMajor;
        int axis = IsFrameMajorMel ? 1 : 2;
        Profile = new TrtOptimizationProfile((int)min[0], (int)opt[0], (int)max[0], (int)min[axis], (int)opt[axis], (int)max[axis]);
        Extras = [.. signature.Inputs.Extras.Select(extra => (extra, Find(extra.Tensor)))];

        TrtTensor Find(TensorShape shape) => engine.Tensors.First(tensor => tensor.Name == shape.Name);
    }

    public VocoderMetadata Metadata { get; }

    /// <summary>Whether the model said it itself.</summary>
    public bool HasMetadata { get; }

    /// <summary>What was guessed or assumed of the engine.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Which tensors are what, for people.</summary>
    public string Description { get; }

    public int BinCount { get; }

    public TrtTensor Mel { get; }

    /// <summary>Whether the mel goes in as [batch, frames, n_mels].</summary>
    public bool IsFrameMajorMel { get; }

    /// <summary>The inputs beside the mel, and what they take.</summary>
    public IReadOnlyList<(ExtraInput Input, TrtTensor Tensor)> Extras { get; }

    /// <summary>The outputs that are read: the spectrum's planes in the order of <see cref="Form"/>, or the samples alone.</summary>
    public IReadOnlyList<TrtTensor> Outputs => _outputs;

    /// <summary>What the planes are, all of <see cref="VocoderMetadata.Layout"/>; null where the engine puts out samples.</summary>
    public SpectrumForm? Form { get; }

    public bool IsSpectrum => Form is not null;

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
        using EngineProbe probe = new(engine, source, profile);
        EngineTensors network = new(
            source, ModelSignature.Resolve(source, Shapes(isInput: true), Shapes(isInput: false), metadata, hints, probe), engine, profile);
        foreach (TrtTensor tensor in network.Outputs.Prepend(network.Mel))
            CheckHandled(source, tensor);
        foreach (TrtTensor tensor in network.Stream?.Tensors ?? [])
        {
            CheckHandled(source, tensor);
            if (tensor.DataType != TrtDataType.Float)
                throw new DataFormatException($"{source}: its state {tensor} is not FP32; export the model again.");
        }
        foreach ((_, TrtTensor tensor) in network.Extras)
            if (!TensorBytes.IsKnown(tensor.DataType) || !tensor.IsLinear || tensor.IsOnHost)
                throw new DataFormatException($"{source}: its input {tensor} is of a kind that this library does not write.");
        return network;

        TensorShape[] Shapes(bool isInput) =>
            [.. engine.Tensors.Where(tensor => tensor.IsInput == isInput)
                .Select(tensor => new TensorShape(tensor.Name, tensor.Dimensions, IsInteger(tensor.DataType)))];
    }

    /// <summary>Whether a tensor holds indices or counts.</summary>
    public static bool IsInteger(TrtDataType type) =>
        type is TrtDataType.Int32 or TrtDataType.Int64 or TrtDataType.Bool or TrtDataType.UInt8;

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
        long values = Product(shape[..rank]);
        if ((rank > 1 && shape[0] != batch) || values > int.MaxValue
            || (HasMetadata && values != (long)batch * Metadata.GetSampleCount(frames)))
            throw Contradiction(Outputs[0], shape[..rank], batch, frames);
        return (int)values;
    }

    /// <summary>Values of an output that nobody reads, in units of FP32.</summary>
    public int GetCount(TrtExecutionContext context, TrtTensor tensor)
    {
        Span<long> shape = stackalloc long[8];
        int rank = GetShape(context, tensor, shape);
        long count = Product(shape[..rank]);
        // INT64 is the widest type there is.
        return checked((int)count * 2);
    }

    private static long Product(ReadOnlySpan<long> sizes)
    {
        long product = 1;
        foreach (long size in sizes)
            product = checked(product * size);
        return product;
    }

    /// <summary>The refusal of an output whose size shows only when it is there.</summary>
    public static DataFormatException DependsOnData(string source, TrtTensor tensor) => new(
        $"{source}: the size of its output '{tensor.Name}' depends on the data (an ONNX NonZero or the like), so its memory cannot be "
            + $"known beforehand; a model is needed whose outputs depend on the length alone.")
    { Kind = FailureKind.NetworkUnsupported };

    private int GetShape(TrtExecutionContext context, TrtTensor tensor, Span<long> shape)
    {
        int rank = context.GetShape(tensor, shape);
        if (rank < 1 || shape[..rank].Contains(-1))
        {
            throw DependsOnData(_source, tensor);
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
        string expected = !IsSpectrum ? $"[{batch}, {Metadata.GetSampleCount(frames)}]"
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
