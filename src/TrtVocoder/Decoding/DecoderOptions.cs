using TrtVocoder.Internal;

namespace TrtVocoder.Decoding;

/// <summary>What a caller asks of any backend; options of one backend alone are given where its model is loaded.</summary>
public sealed record DecoderOptions
{
    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose. At most 1024.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int Threads { get; init => field = OptionCheck.Within(value, 0, MaxThreads); }

    /// <summary>Runs of one session at the same time; 0 lets the backend choose. At most 64.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int RunsInFlight { get; init => field = OptionCheck.Within(value, 0, MaxRunsInFlight); }

    /// <summary>What the caller knows of a model without our metadata.</summary>
    public ModelHints Model { get; init => field = OptionCheck.NotNull(value); } = new();

    // More would only be a mistake: each thread and run takes memory of its own.
    internal const int MaxThreads = 1024;
    internal const int MaxRunsInFlight = 64;
}
