using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>How an engine is loaded and run.</summary>
public sealed record TrtDecoderOptions
{
    /// <summary>The GPU's number.</summary>
    public int Device { get; init; }

    /// <summary>The folder of NVIDIA's libraries; null looks where <see cref="TensorRtLibrary"/> says.</summary>
    public string? LibraryFolder { get; init; }

    /// <summary>Which runtime loads the engine; null takes the one that built it.</summary>
    public EngineFlavour? Runtime { get; init; }

    /// <summary>How mel and result travel.</summary>
    public BufferMode Buffers { get; init; }

    /// <summary>
    /// Whether shapes that are kept ready are captured as CUDA graphs, copies included, so that a run is one launch. Engines that cannot be
    /// captured are enqueued plainly; <see cref="DecoderState.CaptureRefusal"/> then says why.
    /// </summary>
    public bool CudaGraphs { get; init; } = true;

    /// <summary>The engine's optimisation profile, from 0.</summary>
    public int Profile { get; init; }

    /// <summary>Lets version-compatible engines be loaded, which carry executable code: only for engines that are trusted.</summary>
    public bool AllowHostCode { get; init; }

    /// <summary>What the caller knows of an engine that has no sidecar, and the names of its outputs.</summary>
    public ModelHints Model { get; init; } = new();
}
