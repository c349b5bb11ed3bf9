namespace TrtVocoder.Decoding;

/// <summary>What a caller asks of any backend; options of one backend alone are given where its model is loaded.</summary>
public sealed record DecoderOptions
{
    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose.</summary>
    public int Threads { get; init; }

    /// <summary>Runs of one session at the same time; 0 lets the backend choose.</summary>
    public int RunsInFlight { get; init; }

    /// <summary>What the caller knows of a model without our metadata.</summary>
    public ModelHints Model { get; init; } = new();
}
