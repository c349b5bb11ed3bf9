using TrtVocoder.Profiling;

namespace TrtVocoder.Decoding;

/// <summary>
/// A loaded network (an engine, an ONNX model). Safe for use by many threads; outlives the decoders made from it or keeps itself alive for
/// them.
/// </summary>
public interface IDecoderModel : IDisposable
{
    /// <summary>Sizes, limits and layout of the network.</summary>
    DecoderInfo Info { get; }

    /// <summary>
    /// Whether the GPU's context is lost (<see cref="FailureKind.ContextLost"/>), so that no decoder works any more; false where there is
    /// none. Asks the driver, and waits for nothing.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model and all its decoders are disposed of.</exception>
    bool IsContextLost => false;

    /// <summary>Makes a decoder with its own context, stream and buffers, for one thread at a time.</summary>
    /// <param name="profiler">
    /// Gives the clock of the decoder's <see cref="IDecoder.Times"/> and takes layer times; null: nothing is measured.
    /// </param>
    IDecoder CreateDecoder(DecodeProfiler? profiler = null);

    /// <summary>
    /// Gets ready to turn the network's spectra into samples where the network runs; slow, and once a model.
    /// <see cref="CreateSampleDecoder"/> then makes decoders that put out samples.
    /// </summary>
    /// <returns>Null, or why it cannot be done, for the middle of a sentence: then the host turns spectra into samples.</returns>
    /// <exception cref="TrtVocoderException">The device failed.</exception>
    string? PrepareInverseStft() => "this model's network runs on the host";

    /// <summary>Makes a decoder that puts out samples of a network that puts out spectra, after <see cref="PrepareInverseStft"/>.</summary>
    /// <param name="profiler">As for <see cref="CreateDecoder"/>.</param>
    IDecoder CreateSampleDecoder(DecodeProfiler? profiler = null) =>
        throw new NotSupportedException("This model's decoders put out what its network does.");
}
