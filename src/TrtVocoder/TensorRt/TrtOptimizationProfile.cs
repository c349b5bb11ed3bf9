namespace TrtVocoder.TensorRt;

/// <summary>The shapes of the mel input that an engine's profile takes: [batch, n_mels, frames], with what it is tuned for.</summary>
/// <param name="MinBatch">Fewest items.</param>
/// <param name="OptBatch">Items that the engine is tuned for.</param>
/// <param name="MaxBatch">Most items.</param>
/// <param name="MinFrames">Fewest frames.</param>
/// <param name="OptFrames">Frames that the engine is tuned for.</param>
/// <param name="MaxFrames">Most frames.</param>
public sealed record TrtOptimizationProfile(int MinBatch, int OptBatch, int MaxBatch, int MinFrames, int OptFrames, int MaxFrames)
{
    /// <summary>For people: <c>batch 1/1/4, frames 1/256/512</c>.</summary>
    public override string ToString() => $"batch {MinBatch}/{OptBatch}/{MaxBatch}, frames {MinFrames}/{OptFrames}/{MaxFrames}";

    /// <summary>Checks that least ≤ tuned for ≤ most, and all at least 1.</summary>
    /// <exception cref="ArgumentException">They are not; the message says which.</exception>
    public void Validate()
    {
        Check("batch", MinBatch, OptBatch, MaxBatch);
        Check("frames", MinFrames, OptFrames, MaxFrames);

        static void Check(string what, int min, int opt, int max)
        {
            if (min < 1 || opt < min || max < opt)
                throw new ArgumentException($"A profile needs 1 ≤ min ≤ opt ≤ max; its {what} are {min}, {opt}, {max}.");
        }
    }
}
