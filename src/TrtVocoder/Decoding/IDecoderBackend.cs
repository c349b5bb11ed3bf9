using TrtVocoder.Inference;

namespace TrtVocoder.Vocoding;

/// <summary>Loads model files of one kind. Safe for use by many threads.</summary>
public interface IDecoderBackend
{
    /// <summary>Whether files of that kind are this backend's.</summary>
    bool CanLoad(ModelFileKind kind);

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The file, of a kind for which <see cref="CanLoad"/> is true.</param>
    /// <param name="options">The vocoder's options; a backend heeds <see cref="VocoderOptions.Threads"/> and <see cref="VocoderOptions.Model"/>.</param>
    /// <exception cref="DataFormatException">The file cannot be used.</exception>
    IDecoderModel Load(string path, VocoderOptions options);
}
