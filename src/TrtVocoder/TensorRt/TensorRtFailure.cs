namespace TrtVocoder.TensorRt;

/// <summary>What kind of failure a <see cref="TensorRtException"/> tells of, where a caller can act on it.</summary>
public enum TensorRtFailure
{
    /// <summary>Any other.</summary>
    Other,

    /// <summary>The builder cannot build this network, by an internal error of its own: another form of the same network may do.</summary>
    NetworkRefused,

    /// <summary>Memory ran out while the builder worked.</summary>
    OutOfMemory,

    /// <summary>An engine was built, but puts out NaN, silence, or something else than its network.</summary>
    WrongOutput,
}
