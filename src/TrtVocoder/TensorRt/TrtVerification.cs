namespace TrtVocoder.TensorRt;

/// <summary>What a newly built engine sounded like beside the network that it was built from, both decoding one fixed mel.</summary>
public sealed record TrtVerification
{
    /// <summary>The least signal-to-noise ratio in dB of an engine that is handed over. FP16 engines that work have 29 to 60.</summary>
    public const double MinDb = 20;

    /// <summary>Stands for outputs that are equal to the last bit: FP32 can tell no more.</summary>
    public const double MaxDb = 150;

    /// <summary>
    /// Power of the reference's output over that of the difference in dB, of the worst item of the batch; of the real and imaginary parts
    /// together where the network puts out a spectrum. Null where nothing was compared: <see cref="Note"/> says why.
    /// </summary>
    public double? SignalToNoiseDb { get; init; }

    /// <summary>Items decoded; 0 where the engine was not run.</summary>
    public int Batch { get; init; }

    /// <summary>Frames of each item.</summary>
    public int Frames { get; init; }

    /// <summary>What decoded the mel as a reference; empty where nothing did.</summary>
    public string Reference { get; init; } = "";

    /// <summary>Why the engine was not run, or not compared; empty where it was.</summary>
    public string Note { get; init; } = "";
}
