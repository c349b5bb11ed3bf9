using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>
/// A vocoder: a loaded model and how to decode with it. Safe for use by many threads, each with a session of its own
/// (<see cref="CreateSession"/>). Sessions outlive it: disposing a vocoder only ends the making of new ones.
/// </summary>
public sealed class Vocoder : IDisposable
{
    private readonly IDecoderModel _model;
    private readonly VocoderOptions _options;
    private readonly WindowPlans _plan;
    private readonly StftParameters _stft;
    private int _disposed;

    /// <summary>Makes a vocoder of a loaded model, which it owns and disposes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How to decode; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options do not fit the model.</exception>
    public Vocoder(IDecoderModel model, VocoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _options = options ?? new VocoderOptions();
        Info = model.Info;
        _stft = Info.Metadata.Stft;
        _plan = new WindowPlans(Info, _options);
    }

    /// <summary>What the model takes and gives, and what runs it.</summary>
    public DecoderInfo Info { get; }

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
    /// Loads a model file: an ONNX model (TrtVocoder.OnnxRuntime must be referenced) or a TensorRT engine, told apart by content.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to decode; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="TrtVocoderException">The file cannot be used, or what runs it is missing.</exception>
    /// <exception cref="ArgumentException">The options do not fit the model.</exception>
    public static Vocoder Load(string path, VocoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VocoderOptions();
        IDecoderModel model = DecoderBackends.Find(ModelFile.Detect(path), path).Load(path, options.ForDecoder);
        try
        {
            return new Vocoder(model, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Samples that a mel of <paramref name="frames"/> frames decodes to.</summary>
    public int GetSampleCount(int frames) => _stft.GetSampleCount(frames);

    /// <summary>Makes a session with its own decoders and buffers, for one thread at a time.</summary>
    /// <param name="profiler">Who collects the session's times; null measures nothing and costs nothing.</param>
    /// <exception cref="ObjectDisposedException">The vocoder is disposed.</exception>
    public VocoderSession CreateSession(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return new VocoderSession(() => _model.CreateDecoder(profiler), Info, _plan, _options, profiler);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _model.Dispose();
    }
}
