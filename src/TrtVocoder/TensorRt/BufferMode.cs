namespace TrtVocoder.TensorRt;

/// <summary>How mel and result travel between host and GPU.</summary>
public enum BufferMode
{
    /// <summary><see cref="Mapped"/> where the GPU shares the host's memory (Jetson), else <see cref="Pinned"/>.</summary>
    Auto,

    /// <summary>Pinned host buffers, device buffers, and asynchronous copies between them.</summary>
    Pinned,

    /// <summary>The engine reads and writes host memory itself; no copy.</summary>
    Mapped,
}
