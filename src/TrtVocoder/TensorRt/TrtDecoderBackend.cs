using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>Loads engine files. For options that are an engine's alone, register one made with them. Thread-safe.</summary>
public sealed class TrtDecoderBackend : IDecoderBackend
{
    private readonly TrtDecoderOptions _options;

    /// <summary>Makes a backend.</summary>
    /// <param name="options">How engines are loaded and run; null for the defaults. The vocoder's own model hints win over these.</param>
    public TrtDecoderBackend(TrtDecoderOptions? options = null) => _options = options ?? new TrtDecoderOptions();

    /// <inheritdoc/>
    public bool CanLoad(ModelFileKind kind) => kind == ModelFileKind.Engine;

    /// <inheritdoc/>
    public IDecoderModel Load(string path, DecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TrtDecoderModel.Load(path, _options with { Model = options.Model });
    }
}
