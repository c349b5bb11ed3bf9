using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>How a <see cref="Vocoder"/> decodes. Options of one backend alone are given where its model is loaded (<see cref="Vocoder(IDecoderModel, VocoderOptions?)"/>).</summary>
public sealed record VocoderOptions
{
    /// <summary>
    /// The most frames of one run of the network. Longer inputs are decoded in windows that overlap by the receptive field, with the same
    /// result and bounded memory. Null: the model's own limit, and at most <see cref="DefaultMaxWindowFrames"/> where the model tells its receptive field.
    /// Where the model sets no limit to the batch, the items of one run share this many frames.
    /// </summary>
    public int? MaxWindowFrames { get; init; }

    /// <summary>By windows of which lengths inputs are covered; the result is that of a whole decode.</summary>
    public WindowPolicy Windows { get; init; } = WindowPolicy.Auto;

    /// <summary>Windows and batches that are under way at the same time, each with a decoder of its own, while the inverse STFT works on earlier ones; 0 lets the backend choose. Of an engine, once the session is warm.</summary>
    public int RunsInFlight { get; init; }

    /// <summary>Threads of one session's inverse STFT, the caller's included; 0: up to <see cref="MaxInverseStftThreads"/>, as there are cores. Short inputs use fewer.</summary>
    public int InverseStftThreads { get; init; }

    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Whether to look for NaN and infinity in the samples put out, as FP16 engines have produced (one pass of about 10 µs per second of audio).
    /// A mel is always checked.
    /// </summary>
    public bool CheckOutput { get; init; } = true;

    /// <summary>What the caller knows of a model without our metadata.</summary>
    public ModelHints Model { get; init; } = new();

    /// <summary>The part that is the backend's.</summary>
    public DecoderOptions ForDecoder => new() { Threads = Threads, RunsInFlight = RunsInFlight, Model = Model };

    /// <summary>
    /// Threads of the inverse STFT where the caller sets none and there are as many cores. Beside an H100, 256 frames took 0.25 ms on one
    /// thread, 0.12 on four, 0.09 on six and no less on eight.
    /// </summary>
    public const int MaxInverseStftThreads = 6;

    /// <summary>Frames of a window where neither the caller nor the model sets a limit.</summary>
    public const int DefaultMaxWindowFrames = 1024;
}
