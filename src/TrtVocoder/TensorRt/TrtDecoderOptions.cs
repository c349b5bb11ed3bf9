using TrtVocoder.Decoding;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>Options for loading and running an engine.</summary>
public sealed record TrtDecoderOptions
{
    /// <summary>The GPU's number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int Device { get; init => field = OptionCheck.Within(value, 0); }

    /// <summary>
    /// A CUcontext of the host's own to work in, whose GPU counts in place of <see cref="Device"/>; 0: the GPU's primary context, which the CUDA
    /// runtime's users (PyTorch, ManagedCuda's PrimaryContext) share. It must outlive the vocoder and its sessions. Threads find the
    /// context that is current on them as it was, with either.
    /// </summary>
    public nint Context { get; init; }

    /// <summary>
    /// The folder of NVIDIA's libraries; null: the one that TRTV_TENSORRT_DIR (TensorRT) or TRTV_TENSORRT_RTX_DIR (TensorRT-RTX) names,
    /// else where the system's loader looks.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public string? LibraryFolder { get; init => field = OptionCheck.NotEmpty(value); }

    /// <summary>Which runtime loads the engine; null takes the one that built it.</summary>
    public EngineFlavour? Runtime { get; init => field = value is { } flavour ? OptionCheck.Defined(flavour) : null; }

    /// <summary>The memory that mel and result go through.</summary>
    public BufferMode Buffers { get; init => field = OptionCheck.Defined(value); }

    /// <summary>
    /// Whether shapes that are kept ready are captured as CUDA graphs, copies included, so that a run is one launch. Engines that cannot be
    /// captured are enqueued plainly; <see cref="DecoderState.CaptureRefusal"/> then says why.
    /// </summary>
    public bool CudaGraphs { get; init; } = true;

    /// <summary>
    /// Whether a thread that waits for the GPU sleeps: it leaves its core to others, and wakes some ten microseconds late. Null: it spins,
    /// and sleeps where more threads wait than there are cores.
    /// </summary>
    public bool? SleepsWhileWaiting { get; init; }

    /// <summary>The engine's optimisation profile, from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int Profile { get; init => field = OptionCheck.Within(value, 0); }

    /// <summary>Lets version-compatible engines be loaded, which carry executable code: only for engines that are trusted.</summary>
    public bool AllowHostCode { get; init; }
}
