namespace TrtVocoder.Inference;

/// <summary>
/// Runs the network: mel in, spectrum or samples out. One thread at a time. The buffers are the decoder's own (pinned or
/// mapped where there is a GPU), so a caller writes the mel straight to where the hardware reads it and reads the result where it arrives.
/// </summary>
public interface IDecoder : IDisposable
{
    /// <summary>Sets the shape of the next run and returns where its mel goes.</summary>
    /// <param name="batch">Items, 1 to <see cref="DecoderInfo.MaxBatch"/>.</param>
    /// <param name="frames">Frames an item, <see cref="DecoderInfo.MinFrames"/> to <see cref="DecoderInfo.MaxFrames"/>.</param>
    /// <returns>[batch, n_mels, frames], natural-log mel amplitudes, to be filled wholly; valid until the next call of <see cref="Prepare"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The network does not take that shape; the message names the limits.</exception>
    Span<float> Prepare(int batch, int frames);

    /// <summary>Runs the network on what was written to <see cref="Prepare"/>'s span and waits for the result.</summary>
    /// <returns>A view of the decoder's own output memory, valid until the next call on this decoder.</returns>
    /// <exception cref="InvalidOperationException">No <see cref="Prepare"/> came before.</exception>
    DecoderOutput Run();
}
