using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// A vocoder's ONNX model on the CPU by ONNX Runtime. One ONNX Runtime session serves all decoders: weights, prepacked weights and worker
/// threads exist once. Safe for use by many threads; decoders outlive it.
/// </summary>
/// <remarks>
/// The first load sets the environment variable ORT_DISABLE_TELEMETRY to 1, unless it is set. On Unix that races with native code of other
/// threads that reads the environment at that moment; a host with such threads sets it itself before it starts them.
/// </remarks>
public sealed class OnnxDecoderModel : IDecoderModel
{
    private readonly SharedSession _shared;
    private readonly OnnxTensors _tensors;
    private int _disposed;

    private OnnxDecoderModel(SharedSession shared, OnnxTensors tensors, DecoderInfo info)
    {
        _shared = shared;
        _tensors = tensors;
        Info = info;
    }

    /// <inheritdoc/>
    public DecoderInfo Info { get; }

    /// <summary>Loads an <c>.onnx</c> file.</summary>
    /// <param name="path">The file; weights in files beside it are found.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DataFormatException">ONNX Runtime cannot use the file, or it is not a vocoder.</exception>
    /// <exception cref="NativeLibraryException">ONNX Runtime's native library is missing.</exception>
    public static OnnxDecoderModel Load(string path, OnnxDecoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no model file {path}.", path);
        OnnxOutline outline = OnnxOutline.Read(path);
        outline.RequireExternalFiles(path);
        return Load(path, outline, sessionOptions => new InferenceSession(path, sessionOptions), options);
    }

    /// <summary>Loads a model from memory.</summary>
    /// <param name="model">The bytes of an <c>.onnx</c> file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="DataFormatException">ONNX Runtime cannot use the model, or it is not a vocoder.</exception>
    /// <exception cref="NativeLibraryException">ONNX Runtime's native library is missing.</exception>
    public static OnnxDecoderModel Load(byte[] model, string source, OnnxDecoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Load(source, OnnxOutline.Read(model, source), sessionOptions => new InferenceSession(model, sessionOptions), options);
    }

    /// <inheritdoc/>
    public IDecoder CreateDecoder(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0 || !_shared.TryJoin(), this);
        try
        {
            return Attempt<IDecoder>(
                _tensors.Source, "begin a decoder",
                () => _tensors.Signature.Stream is { } stream
                    ? new OnnxStreamDecoder(_shared, _tensors, stream, Info, profiler)
                    : new OnnxDecoder(_shared, _tensors, Info, profiler, ownThread: Info.RunsInFlight > 1));
        }
        catch
        {
            _shared.Leave();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _shared.Leave();
    }

    private static OnnxDecoderModel Load(
        string source, OnnxOutline outline, Func<SessionOptions, InferenceSession> create, OnnxDecoderOptions? options)
    {
        options ??= new OnnxDecoderOptions();
        string version = OnnxLibrary.GetVersion();
        using SessionOptions sessionOptions = Attempt(source, "be given its options", () => CreateSessionOptions(options));
        InferenceSession? session = null;
        try
        {
            session = create(sessionOptions);
            TensorShape[] inputs = Shapes(session.InputMetadata, session.InputNames);
            ModelSignature signature = ModelSignature.Resolve(
                source, inputs, Shapes(session.OutputMetadata, session.OutputNames),
                VocoderMetadata.TryFromProperties(outline.Metadata, source), options.Model.With(outline.Metadata, source),
                new OnnxProbe(source, session, inputs.FirstOrDefault(input => input.Dimensions.Count == 3 && !input.IsInteger)));
            OnnxTensors tensors = new(
                source,
                signature,
                ElementType(source, session.InputMetadata, signature.Mel, isOutput: false),
                [.. signature.Outputs.Select(output => ElementType(source, session.OutputMetadata, output, isOutput: true))],
                [.. signature.Inputs.Extras.Select(extra => session.InputMetadata[extra.Tensor.Name].ElementDataType)]);
            (long batch, long frames) = (signature.Inputs.FixedBatch, signature.Inputs.FixedFrames);
            // One row of samples without a batch can be one item only.
            if (signature.Form is null && signature.Outputs[0].Dimensions.Count == 1)
                batch = 1;
            return new OnnxDecoderModel(new SharedSession(session), tensors, new DecoderInfo
            {
                Metadata = signature.Metadata,
                Backend = $"ONNX Runtime {version} (CPU)",
                MaxBatch = batch > 0 ? (int)batch : int.MaxValue,
                MinFrames = frames > 0 ? (int)frames : 1,
                MaxFrames = frames > 0 ? (int)frames : int.MaxValue,
                RunsInFlight = options.ParallelRuns,
                Notes = signature.Notes,
                IsForeign = !signature.HasMetadata,
                Form = signature.Description,
            });
        }
        catch (OnnxRuntimeException error)
        {
            session?.Dispose();
            throw new DataFormatException(
                $"{source} is not a model that ONNX Runtime can run: {OnnxRuntimeMessage.Reason(error.Message)}", error);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    private static T Attempt<T>(string source, string work, Func<T> attempt)
    {
        try
        {
            return attempt();
        }
        catch (OnnxRuntimeException error)
        {
            throw new TrtVocoderException($"{source}: ONNX Runtime could not {work}: {OnnxRuntimeMessage.Reason(error.Message)}", error);
        }
    }

    /// <summary>The options in ONNX Runtime's own form; the caller disposes of them.</summary>
    internal static SessionOptions CreateSessionOptions(OnnxDecoderOptions options)
    {
        SessionOptions sessionOptions = new()
        {
            // What goes wrong reaches the caller as an exception; nothing is written to the host's stderr.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            IntraOpNumThreads = options.IntraOpThreads,
            InterOpNumThreads = options.InterOpThreads,
            ExecutionMode = options.ExecutionMode,
            GraphOptimizationLevel = options.GraphOptimization,
            EnableCpuMemArena = options.MemoryArena,
            EnableMemoryPattern = options.MemoryPattern,
        };
        foreach ((string key, string value) in GetSessionConfig(options))
            sessionOptions.AddSessionConfigEntry(key, value);
        return sessionOptions;
    }

    /// <summary>What is told by name.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> GetSessionConfig(OnnxDecoderOptions options) =>
        options.SessionConfig.Prepend(new("session.intra_op.allow_spinning", options.Spinning ? "1" : "0"));

    private static TensorShape[] Shapes(IReadOnlyDictionary<string, NodeMetadata> metadata, IReadOnlyList<string> names) =>
        [.. names.Select(name => metadata[name] is { IsTensor: true } node
            ? new TensorShape(name, [.. node.Dimensions.Select(size => (long)size)], IsInteger(node.ElementDataType))
            : new TensorShape(name, []))];

    private static bool IsInteger(TensorElementType type) => type is TensorElementType.Int64 or TensorElementType.Int32
        or TensorElementType.Bool or TensorElementType.UInt8 or TensorElementType.Int8;

    private static TensorElementType ElementType(
        string source, IReadOnlyDictionary<string, NodeMetadata> metadata, TensorShape tensor, bool isOutput)
    {
        TensorElementType type = metadata[tensor.Name].ElementDataType;
        return type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.Double
            || (isOutput && type == TensorElementType.Int16)
            ? type
            : throw new DataFormatException(
                $"{source}: its tensor {tensor} holds {type}; expected float32, float16, float64{(isOutput ? " or int16" : "")}.");
    }
}
