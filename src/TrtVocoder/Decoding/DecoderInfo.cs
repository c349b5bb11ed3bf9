namespace TrtVocoder.Decoding;

/// <summary>Inputs, outputs and limits of a loaded network.</summary>
public sealed record DecoderInfo
{
    private readonly OutputKind? _signal;

    /// <summary>Audio and network parameters.</summary>
    public required VocoderMetadata Metadata { get; init; }

    /// <summary>
    /// What decoders put out: what the network does, or samples where the inverse STFT of its spectra follows it on the GPU
    /// (<see cref="Vocoding.VocoderOptions.InverseStft"/>).
    /// </summary>
    public OutputKind Signal { get => _signal ?? Metadata.Signal; init => _signal = value; }

    /// <summary>The runtime and device that run it, for people: <c>ONNX Runtime 1.23.2 (CPU)</c>, <c>TensorRT 10.3.0 (Orin)</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>The most items of one run; <see cref="int.MaxValue"/> where there is no limit.</summary>
    public required int MaxBatch { get; init; }

    /// <summary>The fewest frames of one run.</summary>
    public required int MinFrames { get; init; }

    /// <summary>
    /// The most frames of one run; <see cref="int.MaxValue"/> where there is no limit. Longer inputs are decoded in chunks.
    /// </summary>
    public required int MaxFrames { get; init; }

    /// <summary>
    /// Whether the first run after a change of shape is many times slower than the others, so that inputs are best covered by windows of a
    /// few shapes.
    /// </summary>
    public bool HasCostlyShapes { get; init; }

    /// <summary>
    /// What a user should know of how the model was understood, a sentence each: what was guessed or assumed because the model does not say
    /// it.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Whether the model carries no metadata of this project, so that what it does not say is asked by decoding, when it is first needed.
    /// </summary>
    internal bool IsForeign { get; init; }

    /// <summary>Which tensors are what, for people; empty where the backend does not say.</summary>
    internal string Form { get; init; } = "";

    /// <summary>What it answered earlier, as its sidecar tells.</summary>
    internal NetworkAnswers Answers { get; init; } = new();

    /// <summary>Decoders of one session that gain from having runs under way at the same time.</summary>
    public int RunsInFlight { get; init; } = 1;
}
