using System.Collections.Concurrent;
using TrtVocoder.Bindings;

namespace TrtVocoder.Dsp;

/// <summary>
/// The process's FFTW plans, one a size and kind, made once and never destroyed. FFTW's planner is not safe for use by many threads,
/// its plans are: so planning holds a lock. Plans are estimated, not measured: for the split complex transforms in use the estimate
/// is within a tenth of the measured plan, and costs 0.2 ms at start-up instead of 130 ms.
/// </summary>
internal static unsafe class FftwPlans
{
    private static readonly Lock PlannerGate = new();
    private static readonly ConcurrentDictionary<(int Length, bool Real), nint> Plans = new();

    /// <summary>
    /// A backward complex transform of <paramref name="length"/> points from rows 0 (real) and 1 (imaginary) to rows 2 and 3 of a buffer of
    /// four rows, not scaled; <see cref="ExecuteBackward"/> runs it. The input may be overwritten.
    /// </summary>
    public static nint GetBackward(int length) => Get(length, real: false);

    /// <summary>Runs a plan of <see cref="GetBackward"/> on a buffer of four rows that lie <see cref="FourierPlan.GetRowStride"/> apart.</summary>
    public static void ExecuteBackward(nint plan, float* rows, int stride)
    {
        SplitRows split = new(rows, stride);
        Fftw.fftwf_execute_split_dft(plan, split.RealIn, split.ImagIn, split.RealOut, split.ImagOut);
    }

    /// <summary>A forward transform of <paramref name="length"/> real points in row 0 to rows 2 (real) and 3 (imaginary).</summary>
    public static nint GetReal(int length) => Get(length, real: true);

    private static nint Get(int length, bool real)
    {
        if (Plans.TryGetValue((length, real), out nint plan))
            return plan;
        NativeLibraries.Require(LibraryLoader.Fftw);
        lock (PlannerGate)
        {
            if (!Plans.TryGetValue((length, real), out plan))
            {
                plan = Make(length, real);
                Plans[(length, real)] = plan;
            }
            return plan;
        }
    }

    private static nint Make(int length, bool real)
    {
        int stride = FourierPlan.GetRowStride(length);
        using AlignedBuffer buffer = new(4 * stride);
        float* rows = buffer.Pointer;
        SplitRows split = new(rows, stride);
        fftwf_iodim dimension = new() { n = length, @is = 1, os = 1 };
        const uint Flags = Fftw.FFTW_ESTIMATE | Fftw.FFTW_DESTROY_INPUT;
        nint plan = real
            ? Fftw.fftwf_plan_guru_split_dft_r2c(1, &dimension, 0, null, rows, rows + (2 * stride), rows + (3 * stride), Flags)
            : Fftw.fftwf_plan_guru_split_dft(1, &dimension, 0, null, split.RealIn, split.ImagIn, split.RealOut, split.ImagOut, Flags);
        return plan != 0 ? plan : throw new NativeLibraryException(
            LibraryLoader.Fftw.DisplayName,
            $"{LibraryLoader.Fftw.DisplayName} cannot plan a transform of {length} points in split arrays: "
                + $"{LibraryLoader.TryLoad(LibraryLoader.Fftw).Attempts[^1].Path} has FFTW's names "
            + $"but not its whole guru interface; {LibraryLoader.Fftw.InstallHint}.",
            [LibraryLoader.TryLoad(LibraryLoader.Fftw).Attempts[^1].Path]);
    }

    /// <summary>
    /// FFTW's split transform runs forward; with real and imaginary parts swapped on both sides it runs backward. A plan may only be run on
    /// arrays that lie as far apart as those it was made for, in the same direction: so planning and running both take them from here.
    /// </summary>
    private readonly ref struct SplitRows(float* rows, int stride)
    {
        public float* RealIn { get; } = rows + stride;

        public float* ImagIn { get; } = rows;

        public float* RealOut { get; } = rows + (3 * stride);

        public float* ImagOut { get; } = rows + (2 * stride);
    }
}
