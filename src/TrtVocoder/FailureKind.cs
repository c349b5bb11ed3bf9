namespace TrtVocoder;

/// <summary>
/// What kind of failure a <see cref="TrtVocoderException"/> tells of, where a caller can do something about it. The message says what was
/// wrong and where; which option, argument or command is the remedy depends on the caller, who finds it by the kind.
/// </summary>
public enum FailureKind
{
    /// <summary>Any other.</summary>
    Other,

    /// <summary>The model's windows or outputs were asked for in a way that this model does not allow.</summary>
    OptionsDoNotFit,

    /// <summary>
    /// The input is longer than one run, and the model does not tell its receptive field
    /// (<see cref="Decoding.ModelHints.ReceptiveFieldFrames"/>).
    /// </summary>
    ReceptiveFieldUnknown,

    /// <summary>The model does not tell its mel bands (<see cref="Decoding.ModelHints.MelCount"/>).</summary>
    MelCountUnknown,

    /// <summary>The model does not tell n_fft (<see cref="Decoding.ModelHints.FftLength"/>).</summary>
    FftLengthUnknown,

    /// <summary>The model's output contradicts its hop and padding (<see cref="Decoding.ModelHints.HopLength"/>).</summary>
    HopLengthWrong,

    /// <summary>Which of the model's outputs is which cannot be told (<see cref="Decoding.ModelHints.RealOutput"/> and its kin).</summary>
    OutputsUnknown,

    /// <summary>One run would need more memory than one tensor can have (<see cref="Vocoding.VocoderOptions.MaxWindowFrames"/>).</summary>
    RunTooLarge,

    /// <summary>The network put out NaN or infinity, as FP16 models have.</summary>
    NonFiniteOutput,

    /// <summary>What runs models of this kind is missing from the program: an assembly.</summary>
    BackendMissing,

    /// <summary>The driver works, and there is no GPU that it may use.</summary>
    NoGpu,

    /// <summary>There are GPUs, and none of the number asked for (<see cref="TensorRt.TrtDecoderOptions.Device"/>).</summary>
    NoSuchGpu,

    /// <summary>The file is no engine, though one was expected.</summary>
    NotAnEngine,

    /// <summary>The engine is truncated or damaged.</summary>
    EngineDamaged,

    /// <summary>The engine was built by another library (TensorRT, TensorRT-RTX) or version than would load it.</summary>
    EngineOfOtherLibrary,

    /// <summary>The engine was built for another GPU.</summary>
    EngineOfOtherGpu,

    /// <summary>
    /// The engine carries executable code, which is not allowed (<see cref="TensorRt.TrtDecoderOptions.AllowHostCode"/>).
    /// </summary>
    HostCodeNotAllowed,

    /// <summary>TensorRT's parser refuses the model, or its outputs' sizes depend on the data: another exporter may do better.</summary>
    NetworkUnsupported,

    /// <summary>
    /// TensorRT's builder cannot build this network, by an internal error of its own: another form of the same network may do.
    /// </summary>
    NetworkRefused,

    /// <summary>Memory ran out while TensorRT's builder worked.</summary>
    BuildOutOfMemory,

    /// <summary>An engine was built, but puts out NaN, silence, or something else than its network.</summary>
    WrongOutput,

    /// <summary>
    /// A checkpoint or network is made for one of several bandwidths, and none was chosen (<see cref="Decoding.ModelHints.BandwidthId"/>).
    /// </summary>
    BandwidthUnknown,

    /// <summary>
    /// All sessions of a pool are at work, or too many windows wait for a scheduler, and the caller would wait too long: try again later.
    /// </summary>
    PoolBusy,

    /// <summary>The GPU's context is lost, as after a kernel that failed: nothing runs any more until the process is started anew.</summary>
    ContextLost,
}
