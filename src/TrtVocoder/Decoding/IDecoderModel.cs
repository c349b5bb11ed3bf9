using TrtVocoder.Profiling;

namespace TrtVocoder.Decoding;

/// <summary>A loaded network (an engine, an ONNX model). Safe for use by many threads; outlives the decoders made from it or keeps itself alive for them.</summary>
public interface IDecoderModel : IDisposable
{
    /// <summary>Sizes, limits and layout of the network.</summary>
    DecoderInfo Info { get; }

    /// <summary>Makes a decoder with its own context, stream and buffers, for one thread at a time.</summary>
    /// <param name="profiler">Whose clock the decoder's <see cref="IDecoder.Times"/> tell, and who gets layer times; null measures nothing.</param>
    IDecoder CreateDecoder(DecodeProfiler? profiler = null);
}
