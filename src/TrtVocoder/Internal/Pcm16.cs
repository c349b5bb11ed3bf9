using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TrtVocoder.Internal;

/// <summary>Samples of 16 bits: full scale is 32,768, rounded to the nearest (ties to even) and clipped, as the kernel's.</summary>
internal static class Pcm16
{
    private const float FullScale = 32768f;

    /// <summary>Converts samples.</summary>
    /// <param name="samples">Finite numbers; −1 to 1 is the range.</param>
    /// <param name="target">Room for as many.</param>
    public static void Convert(ReadOnlySpan<float> samples, Span<short> target)
    {
        target = target[..samples.Length];
        ref float from = ref MemoryMarshal.GetReference(samples);
        ref short to = ref MemoryMarshal.GetReference(target);
        int i = 0;
        for (; i <= samples.Length - Vector128<short>.Count; i += Vector128<short>.Count)
            Vector128.NarrowWithSaturation(
                Round(Vector128.LoadUnsafe(ref from, (nuint)i)),
                Round(Vector128.LoadUnsafe(ref from, (nuint)(i + Vector128<float>.Count)))).StoreUnsafe(ref to, (nuint)i);
        for (; i < samples.Length; i++)
            target[i] = (short)Math.Clamp(MathF.Round(samples[i] * FullScale), short.MinValue, short.MaxValue);
    }

    // The conversion to int saturates.
    private static Vector128<int> Round(Vector128<float> samples) => Vector128.ConvertToInt32(Vector128.Round(samples * FullScale));
}
