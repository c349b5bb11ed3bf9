using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace TrtVocoder.Dsp;

/// <summary>Moves a few frames of a bins-major spectrum into frame-major rows, tile by tile in vector registers.</summary>
internal static unsafe class Transposition
{
    private const int Tile = 8;

    /// <summary>target[frame · targetStride + bin] = source[bin · sourceStride + frame].</summary>
    /// <param name="source">The first frame of bin 0.</param>
    /// <param name="sourceStride">Floats from one bin to the next.</param>
    /// <param name="bins">Bins.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="target">Row of the first frame.</param>
    /// <param name="targetStride">Floats from one frame to the next.</param>
    public static void ToFrameMajor(float* source, int sourceStride, int bins, int frames, float* target, int targetStride)
    {
        if (bins < Tile || frames < Tile)
        {
            for (int bin = 0; bin < bins; bin++)
                for (int frame = 0; frame < frames; frame++)
                    target[((nint)frame * targetStride) + bin] = source[((nint)bin * sourceStride) + frame];
            return;
        }

        // The last tile of a row or column overlaps the one before it, so that there is no remainder to treat apart.
        // Frames are the inner loop: both tiles of a cache line are read while it is there.
        for (int bin = 0; bin < bins; bin += Tile)
        {
            int k = Math.Min(bin, bins - Tile);
            for (int frame = 0; frame < frames; frame += Tile)
            {
                int t = Math.Min(frame, frames - Tile);
                TransposeTile(source + ((nint)k * sourceStride) + t, sourceStride, target + ((nint)t * targetStride) + k, targetStride);
            }
        }
    }

    private static void TransposeTile(float* source, int sourceStride, float* target, int targetStride)
    {
        if (Avx.IsSupported)
        {
            Transpose8x8(source, sourceStride, target, targetStride);
            return;
        }
        for (int row = 0; row < Tile; row += 4)
            for (int column = 0; column < Tile; column += 4)
                Transpose4x4(
                    source + ((nint)row * sourceStride) + column, sourceStride, target + ((nint)column * targetStride) + row, targetStride);
    }

    private static void Transpose8x8(float* source, int sourceStride, float* target, int targetStride)
    {
        // Each 256-bit register holds half a row in each lane, so no shuffle after the loads crosses lanes.
        for (int half = 0; half < Tile; half += 4)
        {
            float* s = source + half;
            Vector256<float> r0 = Lanes(s, sourceStride, 0);
            Vector256<float> r1 = Lanes(s, sourceStride, 1);
            Vector256<float> r2 = Lanes(s, sourceStride, 2);
            Vector256<float> r3 = Lanes(s, sourceStride, 3);
            Vector256<float> a = Avx.UnpackLow(r0, r2);
            Vector256<float> b = Avx.UnpackHigh(r0, r2);
            Vector256<float> c = Avx.UnpackLow(r1, r3);
            Vector256<float> d = Avx.UnpackHigh(r1, r3);
            float* t = target + ((nint)half * targetStride);
            Avx.UnpackLow(a, c).Store(t);
            Avx.UnpackHigh(a, c).Store(t + targetStride);
            Avx.UnpackLow(b, d).Store(t + (2 * (nint)targetStride));
            Avx.UnpackHigh(b, d).Store(t + (3 * (nint)targetStride));
        }

        static Vector256<float> Lanes(float* s, int stride, int row) =>
            Vector256.Create(Vector128.Load(s + ((nint)row * stride)), Vector128.Load(s + ((nint)(row + 4) * stride)));
    }

    private static void Transpose4x4(float* source, int sourceStride, float* target, int targetStride)
    {
        Vector128<float> r0 = Vector128.Load(source);
        Vector128<float> r1 = Vector128.Load(source + sourceStride);
        Vector128<float> r2 = Vector128.Load(source + (2 * (nint)sourceStride));
        Vector128<float> r3 = Vector128.Load(source + (3 * (nint)sourceStride));
        (Vector128<float> a, Vector128<float> b) = Zip(r0, r2);
        (Vector128<float> c, Vector128<float> d) = Zip(r1, r3);
        (Vector128<float> t0, Vector128<float> t1) = Zip(a, c);
        (Vector128<float> t2, Vector128<float> t3) = Zip(b, d);
        t0.Store(target);
        t1.Store(target + targetStride);
        t2.Store(target + (2 * (nint)targetStride));
        t3.Store(target + (3 * (nint)targetStride));
    }

    // NativeAOT for any x86-64 has no AVX and comes here; left to itself it makes a call of this, whose result goes through memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Zip(Vector128<float> a, Vector128<float> b)
    {
        if (AdvSimd.Arm64.IsSupported)
            return (AdvSimd.Arm64.ZipLow(a, b), AdvSimd.Arm64.ZipHigh(a, b));
        if (Sse.IsSupported)
            return (Sse.UnpackLow(a, b), Sse.UnpackHigh(a, b));
        return (Vector128.Create(a[0], b[0], a[1], b[1]), Vector128.Create(a[2], b[2], a[3], b[3]));
    }
}
