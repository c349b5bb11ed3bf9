using TrtVocoder.Inference;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>Loads <c>.onnx</c> files for <see cref="Vocoder.Load"/>, which finds this class by its name. Thread-safe.</summary>
public sealed class OnnxDecoderBackend : IDecoderBackend
{
    /// <inheritdoc/>
    public bool CanLoad(ModelFileKind kind) => kind == ModelFileKind.Onnx;

    /// <inheritdoc/>
    public IDecoderModel Load(string path, VocoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return OnnxDecoderModel.Load(path, new OnnxDecoderOptions { IntraOpThreads = options.Threads, Model = options.Model });
    }
}
