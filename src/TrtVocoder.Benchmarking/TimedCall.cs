namespace TrtVocoder.Benchmarking;

/// <summary>One call by the caller's clock.</summary>
internal readonly record struct TimedCall(int Frames, double Ms)
{
    /// <summary>The time of as many calls of this length as make 256 frames: lengths made comparable.</summary>
    public double Per256Frames => Ms * 256 / Frames;
}
