namespace TrtVocoder.Decoding;

/// <summary>Loads model files of one kind. Safe for use by many threads.</summary>
public interface IDecoderBackend
{
    /// <summary>Whether files of that kind are this backend's.</summary>
    bool CanLoad(ModelFileKind kind);

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The file, of a kind for which <see cref="CanLoad"/> is true.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <exception cref="DataFormatException">The file cannot be used.</exception>
    IDecoderModel Load(string path, DecoderOptions options);
}
