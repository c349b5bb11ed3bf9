using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>Loads engines. Thread-safe.</summary>
/// <param name="engine">The options that are an engine's alone.</param>
internal sealed class TrtDecoderBackend(TrtDecoderOptions engine) : IDecoderBackend
{
    /// <inheritdoc/>
    public IDecoderModel Load(string path, DecoderOptions options) => TrtDecoderModel.Load(path, engine, options.Model);

    /// <inheritdoc/>
    public IDecoderModel Load(byte[] model, string source, DecoderOptions options) => TrtDecoderModel.Load(model, source, engine, options.Model);
}
