using TrtVocoder.Decoding;
using TrtVocoder.Internal;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Vocoding;

/// <summary>How a <see cref="Vocoder"/> loads its model and decodes. Every value is checked where it is set.</summary>
public sealed record VocoderOptions
{
    /// <summary>
    /// The most frames of one run of the network. Longer inputs are decoded in windows that overlap by the receptive field, with the same
    /// result and bounded memory. Null: the model's own limit, and at most 1024 where the model tells its receptive field.
    /// Where the model sets no limit to the batch, the items of one run share this many frames.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int? MaxWindowFrames { get; init => field = OptionCheck.Within(value, 1); }

    /// <summary>Lengths of the windows that cover an input; the result is that of a whole decode.</summary>
    public WindowPolicy Windows { get; init => field = OptionCheck.NotNull(value); } = WindowPolicy.Auto;

    /// <summary>
    /// Windows and batches that are under way at the same time, each with a decoder of its own, while the inverse STFT works on earlier
    /// ones; 0 lets the backend choose. Of an engine, once the session is warm. At most 64.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int RunsInFlight { get; init => field = OptionCheck.Within(value, 0, DecoderOptions.MaxRunsInFlight); }

    /// <summary>
    /// Where spectra are turned into samples; models that put out samples ignore it. On the GPU the samples are those of the host to
    /// rounding, and only they are copied. It takes compute capability 8.0, and n_fft of factors 2, 3 and 5 from 128 to 4096.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no such place.</exception>
    public InverseStftPlace InverseStft { get; init => field = OptionCheck.Defined(value); }

    /// <summary>
    /// Threads of one session's inverse STFT, the caller's included; 0: up to 6, as there are cores. Short inputs
    /// use fewer. At most 1024.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int InverseStftThreads { get; init => field = OptionCheck.Within(value, 0, DecoderOptions.MaxThreads); }

    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose. At most 1024.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int Threads { get; init => field = OptionCheck.Within(value, 0, DecoderOptions.MaxThreads); }

    /// <summary>
    /// Whether to look for NaN and infinity in the samples put out, as FP16 engines have produced (one pass of about 10 µs per second of
    /// audio). A mel is always checked.
    /// </summary>
    public bool CheckOutput { get; init; } = true;

    /// <summary>Facts about a model that carries no metadata of this project.</summary>
    public ModelHints Model { get; init => field = OptionCheck.NotNull(value); } = new();

    /// <summary>Options of TensorRT engines; other models ignore them.</summary>
    public TrtDecoderOptions Engine { get; init => field = OptionCheck.NotNull(value); } = new();

    /// <summary>
    /// What loads the model, whatever kind of file it is; null lets <see cref="Vocoder.Load(string, VocoderOptions?)"/> choose by the
    /// file's content.
    /// </summary>
    public IDecoderBackend? Backend { get; init; }

    /// <summary>The part that is the backend's.</summary>
    internal DecoderOptions ForDecoder => new() { Threads = Threads, RunsInFlight = RunsInFlight, Model = Model };

    /// <summary>
    /// Threads of the inverse STFT where the caller sets none and there are as many cores. Beside an H100, 256 frames took 0.25 ms on one
    /// thread, 0.12 on four, 0.09 on six and no less on eight.
    /// </summary>
    internal const int MaxInverseStftThreads = 6;

    /// <summary>Frames of a window where neither the caller nor the model sets a limit.</summary>
    internal const int DefaultMaxWindowFrames = 1024;
}
