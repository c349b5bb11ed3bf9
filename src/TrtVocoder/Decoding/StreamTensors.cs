namespace TrtVocoder.Decoding;

/// <summary>
/// Names of the tensors that a network with state has beside mel and spectrum (<see cref="VocoderMetadata.IsStreaming"/>), all FP32. What a
/// run puts out as new state is the next run's state.
/// </summary>
internal static class StreamTensors
{
    /// <summary>Input [1]: frames of the utterance before the run's first.</summary>
    public const string Position = "position";

    /// <summary>Input [1]: frames of the utterance, or more than ever come while it is unknown.</summary>
    public const string Length = "length";

    /// <summary>Input [1, 6, n_mels]: the last frames of the run before.</summary>
    public const string MelState = "mel_state";

    /// <summary>Input [layers, 6, channels]: the last frames that came to each block in the run before.</summary>
    public const string BlockState = "block_state";

    /// <summary>Output, as <see cref="MelState"/>.</summary>
    public const string NewMelState = "new_mel_state";

    /// <summary>Output, as <see cref="BlockState"/>.</summary>
    public const string NewBlockState = "new_block_state";

    // FP32 counts to 2^24; a network looks back less far than this.
    private const int FarPosition = 1 << 20;

    /// <summary>
    /// Position and length as the network takes them. Only what lies within a receptive field of either end matters, so that numbers too
    /// large for FP32 are moved nearer.
    /// </summary>
    public static (float Position, float Length) Encode(long position, long? length)
    {
        long near = Math.Min(position, FarPosition);
        return (near, length is { } known ? Math.Clamp(known - position + near, 0, 8 * FarPosition) : 8 * FarPosition);
    }
}
