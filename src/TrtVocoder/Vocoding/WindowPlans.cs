using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>The window plans of all sessions of a vocoder: all cover an input alike. Thread-safe.</summary>
internal sealed class WindowPlans
{
    private readonly Lock _gate = new();
    private readonly DecoderInfo _info;
    private readonly VocoderOptions _options;
    private readonly Func<IDecoder> _createDecoder;
    private WindowPlan _windows;
    private WindowPlan _beforeWarmUp;
    private bool _isMeasured;
    private bool _isAsked;

    /// <summary>Plans for one model.</summary>
    /// <exception cref="TrtVocoderException">The options do not suit the model.</exception>
    public WindowPlans(DecoderInfo info, VocoderOptions options, Func<IDecoder> createDecoder)
    {
        (_info, _options, _createDecoder) = (info, options, createDecoder);
        Questions = new ModelQuestions(info);
        _isAsked = info.Metadata.ReceptiveFieldFrames is not null;
        if (!_isAsked && options.Windows.Frames.Count > 0)
        {
            using IDecoder decoder = createDecoder();
            Questions.AskReceptiveField(decoder);
        }
        _isAsked |= Questions.Answers.ReceptiveField is not null || Questions.Answers.IsUnbounded;
        (_windows, _beforeWarmUp) = Make();
    }

    /// <summary>What the model is asked.</summary>
    public ModelQuestions Questions { get; }

    /// <summary>The plan of sessions whose windows are ready.</summary>
    public WindowPlan Windows => Volatile.Read(ref _windows);

    /// <summary>
    /// The plan of other sessions: where a new shape is costly, and making one ready more so, an input in its own length pays for one
    /// shape, in windows for several.
    /// </summary>
    public WindowPlan BeforeWarmUp => Volatile.Read(ref _beforeWarmUp);

    /// <summary>Whether it is known how far the model reaches, or that it has no bounds.</summary>
    public bool IsAsked => Volatile.Read(ref _isAsked);

    /// <summary>
    /// Whether a decode of so many frames needs to know how far the model reaches, and nobody knows yet: then it is to be asked first.
    /// </summary>
    public bool MustAsk(WindowPlan plan, int frames) => !IsAsked && (frames > plan.Longest || frames < plan.Shortest);

    /// <summary>Asks how far the model reaches, unless it is known, and makes the plans anew.</summary>
    /// <param name="decoder">A decoder of the model, at rest.</param>
    /// <exception cref="TrtVocoderException">The backend failed, or the options do not suit the model.</exception>
    /// <returns>Whether it was asked now.</returns>
    public bool Ask(IDecoder decoder)
    {
        lock (_gate)
        {
            if (_isAsked)
                return false;
            AskNetwork(decoder, Questions.AskReceptiveField);
            (WindowPlan windows, WindowPlan beforeWarmUp) = Make();
            Volatile.Write(ref _windows, windows);
            Volatile.Write(ref _beforeWarmUp, beforeWarmUp);
            Volatile.Write(ref _isAsked, true);
            return true;
        }
    }

    /// <summary>Whether the items of a batch are what they are alone.</summary>
    /// <param name="decoder">A decoder of a session, at rest.</param>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    public bool AskBatch(IDecoder decoder) => AskNetwork(decoder, Questions.AskBatch);

    /// <summary>Lets the first session that is warm say what windows cost; later ones keep to that.</summary>
    public void Measure(Func<IReadOnlyList<int>, double[]> measure)
    {
        lock (_gate)
        {
            if (_isMeasured)
                return;
            Volatile.Write(ref _windows, _windows.WithCosts(measure(_windows.Frames)));
            _isMeasured = true;
        }
    }

    // The answers are the network's own, and kept with it: not those of an inverse STFT that a session's decoders put behind it.
    private T AskNetwork<T>(IDecoder decoder, Func<IDecoder, T> ask)
    {
        if (_info.Signal == _info.Metadata.Signal)
            return ask(decoder);
        using IDecoder network = _createDecoder();
        return ask(network);
    }

    private (WindowPlan Windows, WindowPlan BeforeWarmUp) Make()
    {
        ReceptiveField? asked = Questions.Answers.ReceptiveField;
        WindowPlan windows = WindowPlan.Create(_info, _options, asked);
        return (windows, _info.HasCostlyShapes && windows.HasFixedLengths
            ? WindowPlan.Create(_info, _options with { Windows = WindowPolicy.Off }, asked)
            : windows);
    }
}
