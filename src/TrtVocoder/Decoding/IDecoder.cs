using TrtVocoder.Profiling;

namespace TrtVocoder.Decoding;

/// <summary>
/// Runs the network: mel in, spectrum or samples out. One thread at a time. The buffers are the decoder's own (pinned or
/// mapped where there is a GPU), so a caller writes the mel straight to where the hardware reads it and reads the result where it arrives.
/// </summary>
public interface IDecoder : IDisposable
{
    /// <summary>
    /// Times of the last finished run; all 0 unless the decoder was made with a profiler. Like every member, for the thread that decodes.
    /// </summary>
    NetworkTimes Times => default;

    /// <summary>Prepared shapes of the decoder, and their memory.</summary>
    DecoderState State => new();

    /// <summary>
    /// Makes a shape ready, where setting a new shape is slow: from then on its runs cost no more than any other. Slow itself; does
    /// nothing where the shape is ready already, or where shapes cost nothing. <see cref="BeginInput(int, int)"/> must come again before the next
    /// run.
    /// </summary>
    /// <param name="batch">Items, as for <see cref="BeginInput(int, int)"/>.</param>
    /// <param name="frames">Frames an item, as for <see cref="BeginInput(int, int)"/>.</param>
    /// <param name="isPinned">
    /// Whether it stays ready for as long as the decoder lives; else the one used longest ago may have to make room for a later one
    /// (<see cref="DecoderState.EvictedShapes"/>).
    /// </param>
    void PrepareShape(int batch, int frames, bool isPinned = false)
    {
    }

    /// <summary>Sets the shape of the next run and returns where its mel goes.</summary>
    /// <param name="batch">Items, 1 to <see cref="DecoderInfo.MaxBatch"/>.</param>
    /// <param name="frames">Frames an item, <see cref="DecoderInfo.MinFrames"/> to <see cref="DecoderInfo.MaxFrames"/>.</param>
    /// <returns>
    /// [batch, n_mels, frames], natural-log mel amplitudes, to be filled wholly; valid until the next call of <see cref="BeginInput(int, int)"/>.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The network does not take that shape; the message names the limits.</exception>
    /// <exception cref="InvalidOperationException">A run was started and not finished.</exception>
    Span<float> BeginInput(int batch, int frames);

    /// <summary>
    /// The same for a network that keeps state (<see cref="VocoderMetadata.IsStreaming"/>): the next run goes on where the last one ended,
    /// or begins an utterance.
    /// </summary>
    /// <param name="frames">Frames of the run; those behind the utterance's end are zeros.</param>
    /// <param name="position">Frames of the utterance that went in before; 0 begins an utterance.</param>
    /// <param name="length">Frames of the whole utterance, known when one behind its end goes in; null before.</param>
    /// <returns>[1, n_mels, frames], as for <see cref="BeginInput(int, int)"/>. Errors are those, too.</returns>
    /// <exception cref="NotSupportedException">The network keeps no state.</exception>
    Span<float> BeginInput(int frames, long position, long? length) =>
        throw new NotSupportedException("This network decodes whole mels: it keeps no state from run to run.");

    /// <summary>
    /// Starts the network on what was written to <see cref="BeginInput(int, int)"/>'s span. Where the hardware can, it returns before the run is
    /// done.
    /// </summary>
    /// <exception cref="InvalidOperationException">No <see cref="BeginInput(int, int)"/> came before.</exception>
    void Start();

    /// <summary>Waits for the run that <see cref="Start"/> began.</summary>
    /// <returns>A view of the decoder's own output memory, valid until the next call on this decoder.</returns>
    /// <exception cref="InvalidOperationException">No <see cref="Start"/> came before.</exception>
    DecoderOutput Finish();

    /// <summary><see cref="Start"/> and <see cref="Finish"/>.</summary>
    DecoderOutput Run()
    {
        Start();
        return Finish();
    }
}
