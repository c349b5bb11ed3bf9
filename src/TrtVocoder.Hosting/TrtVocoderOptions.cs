namespace TrtVocoder.Hosting;

/// <summary>
/// What a host's configuration says of the vocoder: plain values, which <c>Bind</c> sets. They are checked when the vocoder is made, in the words
/// of <see cref="Vocoding.VocoderOptions"/> and <see cref="Vocoding.VocoderPoolOptions"/>, which say more of each.
/// </summary>
public sealed class TrtVocoderOptions
{
    /// <summary>The model's file: an <c>.onnx</c> or an engine. Needed.</summary>
    public string? Model { get; set; }

    /// <summary>Sessions of the pool.</summary>
    public int Sessions { get; set; } = 2;

    /// <summary>The most callers that wait for a session.</summary>
    public int MaxWaiting { get; set; } = int.MaxValue;

    /// <summary>How long a caller waits for a session; null: until it is cancelled.</summary>
    public TimeSpan? RentTimeout { get; set; }

    /// <summary>Threads for backends that compute on the CPU; 0 lets the backend choose.</summary>
    public int Threads { get; set; }

    /// <summary>The most frames of one run of the network; null: the model's own limit.</summary>
    public int? MaxWindowFrames { get; set; }

    /// <summary>Whether the host's start waits until all sessions are warm.</summary>
    public bool WarmUpAtStart { get; set; } = true;
}
