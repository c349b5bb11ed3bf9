using System.Runtime.Loader;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Vocoding;

/// <summary>
/// A vocoder: a loaded model and how to decode with it. Safe for use by many threads, each with a session of its own
/// (<see cref="CreateSession"/>). Sessions outlive it: disposing a vocoder only ends the making of new ones.
/// </summary>
public sealed class Vocoder : IDisposable
{
    private readonly VocoderOptions _options;
    private readonly WindowPlans _plan;
    private int _disposed;

    /// <summary>Makes a vocoder of a loaded model, which it owns and disposes, also when it cannot be made.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How to decode; null for the defaults.</param>
    /// <exception cref="TrtVocoderException">The options do not fit the model (<see cref="FailureKind.OptionsDoNotFit"/>).</exception>
    public Vocoder(IDecoderModel model, VocoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _options = options ?? new VocoderOptions();
        try
        {
            (Info, InverseStftNote) = PlaceInverseStft(model, _options.InverseStft);
            _plan = new WindowPlans(Info, _options, () => model.CreateDecoder());
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The network alone: makes decoders beside those of sessions. Owned by the vocoder.</summary>
    public IDecoderModel Model { get; }

    /// <summary>What the model takes and gives, and what runs it.</summary>
    public DecoderInfo Info { get; }

    /// <summary>
    /// Why an engine's spectra are turned into samples on the host although <see cref="VocoderOptions.InverseStft"/> left the choice, for
    /// the middle of a sentence; null where they are not.
    /// </summary>
    public string? InverseStftNote { get; }

    /// <summary>
    /// Whether the GPU's context is lost, as after a kernel that failed, of this library's or of another in the process: every decode fails from then on
    /// (<see cref="FailureKind.ContextLost"/>), and only a new process mends it. Asks the driver, so that a host knows it before a decode
    /// fails; waits for no work, and knows of work only once it has failed. Always false on the CPU.
    /// </summary>
    /// <exception cref="TrtVocoderException">The driver refused for another reason.</exception>
    /// <exception cref="ObjectDisposedException">The vocoder and all its sessions are disposed.</exception>
    public bool IsContextLost => Model.IsContextLost;

    /// <summary>Audio and network parameters.</summary>
    public VocoderMetadata Metadata => Info.Metadata;

    /// <summary>Sample rate of the audio in Hz.</summary>
    public int SampleRate => Metadata.SampleRate;

    /// <summary>Mel bands of the input.</summary>
    public int MelCount => Metadata.MelCount;

    /// <summary>
    /// Lengths in frames of the windows that cover inputs longer than <see cref="OwnLengthLimit"/>; empty where an input must fit one run.
    /// For engines, of sessions after <see cref="VocoderSession.WarmUp()"/>.
    /// </summary>
    public IReadOnlyList<int> WindowFrames => _plan.Windows.Frames;

    /// <summary>The most frames of inputs that run in their own length, without windows.</summary>
    public int OwnLengthLimit => _plan.Windows.OwnLengthLimit;

    /// <summary>
    /// Loads a model file: an ONNX model (TrtVocoder.OnnxRuntime must be referenced) or a TensorRT engine, told apart by content; or
    /// whatever <see cref="VocoderOptions.Backend"/> loads.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to load and decode; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="TrtVocoderException">
    /// The file cannot be used, what runs it is missing, or the options do not fit the model (<see cref="FailureKind.OptionsDoNotFit"/>).
    /// </exception>
    public static Vocoder Load(string path, VocoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VocoderOptions();
        IDecoderBackend backend = options.Backend ?? FindBackend(ModelFile.Detect(path), path, options);
        return new Vocoder(backend.Load(path, options.ForDecoder), options);
    }

    /// <summary>
    /// Loads a model from a stream, as <see cref="Load(string, VocoderOptions?)"/> does from a file. What lies beside a file (an engine's
    /// sidecar, an ONNX model's external weights) is not found; <see cref="VocoderOptions.Model"/> tells what it would have told.
    /// </summary>
    /// <param name="stream">Read to its end, and not disposed; at most 2 GiB.</param>
    /// <param name="options">How to load and decode; null for the defaults.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="TrtVocoderException">
    /// The model cannot be used, what runs it is missing, or the options do not fit the model (<see cref="FailureKind.OptionsDoNotFit"/>).
    /// </exception>
    public static Vocoder Load(Stream stream, VocoderOptions? options = null, string name = "the model")
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(name);
        options ??= new VocoderOptions();
        byte[] model = ModelFile.ReadAll(stream, name);
        IDecoderBackend backend = options.Backend ?? FindBackend(ModelFile.Detect(model, name), name, options);
        return new Vocoder(backend.Load(model, name, options.ForDecoder), options);
    }

    /// <summary>Samples that a mel of <paramref name="frames"/> frames decodes to.</summary>
    public int GetSampleCount(int frames) => Metadata.GetSampleCount(frames);

    /// <summary>
    /// Refuses a mel that no session would decode, without decoding it: a server calls it before the first byte of its answer leaves. Errors
    /// are those of <see cref="VocoderSession.Decode(ReadOnlySpan{float}, int, Span{float})"/>.
    /// </summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes.</param>
    /// <param name="frames">Frames.</param>
    /// <exception cref="ArgumentException">The span has the wrong length.</exception>
    /// <exception cref="DataFormatException">The mel holds NaN or infinity.</exception>
    /// <exception cref="TrtVocoderException">The mel is too long for the model.</exception>
    public void CheckMel(ReadOnlySpan<float> mel, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        VocoderSession.CheckMel(Info, mel, 1, frames);
        if (frames > 0)
            _plan.Windows.ThrowIfTooLong(frames);
    }

    /// <summary>Makes a session with its own decoders and buffers, for one thread at a time.</summary>
    /// <param name="profiler">
    /// Collects the session's times; null measures nothing and costs nothing, unless somebody listens to the meter's parts of decodes.
    /// </param>
    /// <exception cref="ObjectDisposedException">The vocoder is disposed.</exception>
    public VocoderSession CreateSession(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (profiler is null && VocoderTelemetry.WantsParts)
            profiler = new DecodeProfiler(capacity: 1);
        return new VocoderSession(() => CreateSessionDecoder(profiler), Info, _plan, _options, profiler, InverseStftNote);
    }

    /// <summary>Its windows, and how it decodes.</summary>
    internal (WindowPlans Plans, VocoderOptions Options) Parts => (_plan, _options);

    /// <summary>Makes a decoder that puts out what <see cref="Info"/> says.</summary>
    /// <exception cref="ObjectDisposedException">The vocoder is disposed.</exception>
    internal IDecoder CreateSessionDecoder(DecodeProfiler? profiler) =>
        Info.Signal == Metadata.Signal ? Model.CreateDecoder(profiler) : Model.CreateSampleDecoder(profiler);

    /// <summary>Asks the model all that can be asked by decoding and that it does not say.</summary>
    /// <exception cref="ObjectDisposedException">The vocoder is disposed.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    internal NetworkAnswers Ask()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using IDecoder decoder = Model.CreateDecoder();
        _plan.Questions.AskReceptiveField(decoder);
        _plan.Questions.AskBatch(decoder);
        return _plan.Questions.Answers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Model.Dispose();
    }

    private static (DecoderInfo Info, string? Note) PlaceInverseStft(IDecoderModel model, InverseStftPlace place)
    {
        DecoderInfo info = model.Info;
        if (info.Metadata.Signal == OutputKind.Waveform || info.Metadata.IsStreaming || place == InverseStftPlace.Host)
            return (info, null);
        if (model.PrepareInverseStft() is not { } reason)
            return (info with { Signal = OutputKind.Waveform }, null);
        return place == InverseStftPlace.Auto
            ? (info, reason)
            : throw new TrtVocoderException($"The inverse STFT was asked for on the GPU, but {reason}.")
            {
                Kind = FailureKind.OptionsDoNotFit,
            };
    }

    private static IDecoderBackend FindBackend(ModelFileKind kind, string source, VocoderOptions options) => kind switch
    {
        ModelFileKind.Engine => new TrtDecoderBackend(options.Engine),
        _ => CreateOnnxBackend() ?? throw new TrtVocoderException(
            $"{source} is an ONNX model, and this program lacks the assembly that runs it; add a reference to TrtVocoder.OnnxRuntime.")
        {
            Kind = FailureKind.BackendMissing,
        },
    };

    /// <summary>
    /// The core must not reference ONNX Runtime, so its backend is found by name. A constant name is seen by the trimmer and by NativeAOT:
    /// where the application references the assembly the type survives, elsewhere the answer is null.
    /// </summary>
    private static IDecoderBackend? CreateOnnxBackend()
    {
        // Beside this assembly, wherever the caller's thread would look: a plug-in has a core of its own.
        using (AssemblyLoadContext.EnterContextualReflection(typeof(Vocoder).Assembly))
            return Type.GetType("TrtVocoder.OnnxRuntime.OnnxDecoderBackend, TrtVocoder.OnnxRuntime", throwOnError: false) is { } type
                ? (IDecoderBackend?)Activator.CreateInstance(type)
                : null;
    }
}
