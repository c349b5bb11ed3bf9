using TrtVocoder.Inference;

namespace TrtVocoder.Vocoding;

/// <summary>How a <see cref="Vocoder"/> decodes. Options of one backend alone are given where its model is loaded (<see cref="Vocoder(IDecoderModel, VocoderOptions?)"/>).</summary>
public sealed record VocoderOptions
{
    /// <summary>
    /// The most frames of one run of the network. Longer inputs are decoded in windows that overlap by the receptive field, with the same
    /// result and bounded memory. Null: the model's own limit, and at most <see cref="DefaultFramesPerChunk"/> where the model tells its receptive field.
    /// Where the model sets no limit to the batch, the items of one run share this many frames.
    /// </summary>
    public int? MaxFramesPerChunk { get; init; }

    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Whether to look for NaN and infinity in the samples put out, as FP16 engines have produced (one pass of about 10 µs per second of audio).
    /// A mel is always checked.
    /// </summary>
    public bool CheckOutput { get; init; } = true;

    /// <summary>What the caller knows of a model without our metadata.</summary>
    public ModelHints Model { get; init; } = new();

    /// <summary>Frames of a window where neither the caller nor the model sets a limit.</summary>
    public const int DefaultFramesPerChunk = 1024;
}
