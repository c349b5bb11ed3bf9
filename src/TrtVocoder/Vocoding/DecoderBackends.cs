using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The backends by which <see cref="Vocoder.Load"/> loads model files. Those of this library's own assemblies are found by themselves;
/// others are registered. Thread-safe.
/// </summary>
public static class DecoderBackends
{
    private static readonly Lock Gate = new();
    private static readonly List<IDecoderBackend> Registered = [];

    /// <summary>Adds a backend; the one registered last is asked first, before the built-in ones.</summary>
    public static void Register(IDecoderBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        lock (Gate)
            Registered.Insert(0, backend);
    }

    /// <summary>The backend for a kind of file.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="source">The file's name for the error message.</param>
    /// <exception cref="TrtVocoderException">There is none; the message says which assembly has it.</exception>
    public static IDecoderBackend Find(ModelFileKind kind, string source)
    {
        lock (Gate)
            foreach (IDecoderBackend backend in Registered)
                if (backend.CanLoad(kind))
                    return backend;
        return kind switch
        {
            ModelFileKind.Onnx => CreateOnnxBackend() ?? throw new TrtVocoderException(
                $"{source} is an ONNX model, and this program lacks the assembly that runs it; add a reference to TrtVocoder.OnnxRuntime."),
            _ => new TrtDecoderBackend(),
        };
    }

    /// <summary>
    /// The core must not reference ONNX Runtime, so its backend is found by name. A constant name is seen by the trimmer and by NativeAOT:
    /// where the application references the assembly the type survives, elsewhere the answer is null.
    /// </summary>
    private static IDecoderBackend? CreateOnnxBackend() =>
        Type.GetType("TrtVocoder.OnnxRuntime.OnnxDecoderBackend, TrtVocoder.OnnxRuntime", throwOnError: false) is { } type
            ? (IDecoderBackend?)Activator.CreateInstance(type)
            : null;
}
