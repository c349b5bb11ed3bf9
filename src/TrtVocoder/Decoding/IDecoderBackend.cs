namespace TrtVocoder.Decoding;

/// <summary>Loads models for a vocoder. Safe for use by many threads.</summary>
public interface IDecoderBackend
{
    /// <summary>Loads a model file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <exception cref="DataFormatException">The file cannot be used.</exception>
    IDecoderModel Load(string path, DecoderOptions options);

    /// <summary>Loads a model from memory.</summary>
    /// <param name="model">The bytes of a model file; not needed afterwards.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <exception cref="DataFormatException">The model cannot be used.</exception>
    IDecoderModel Load(byte[] model, string source, DecoderOptions options);
}
