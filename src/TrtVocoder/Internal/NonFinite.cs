using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TrtVocoder.Internal;

/// <summary>Looks for NaN and infinity at the speed of memory.</summary>
internal static class NonFinite
{
    // Four vectors a step: so many loads are under way together. Of 128 bits, which a program of native code has on every machine.
    private const int Step = 16;

    /// <summary>Copies, and gives the index of the first NaN or infinity, or −1: in one pass.</summary>
    /// <param name="values">From where.</param>
    /// <param name="target">Where to; at least as long.</param>
    public static int Copy(ReadOnlySpan<float> values, Span<float> target)
    {
        ref float to = ref MemoryMarshal.GetReference(target[..values.Length]);
        ref float from = ref MemoryMarshal.GetReference(values);
        (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = (default, default, default, default);
        int i = 0;
        for (; i <= values.Length - Step; i += Step)
        {
            Vector128<float> first = Vector128.LoadUnsafe(ref from, (nuint)i), second = Vector128.LoadUnsafe(ref from, (nuint)i + 4);
            Vector128<float> third = Vector128.LoadUnsafe(ref from, (nuint)i + 8), fourth = Vector128.LoadUnsafe(ref from, (nuint)i + 12);
            first.StoreUnsafe(ref to, (nuint)i);
            second.StoreUnsafe(ref to, (nuint)i + 4);
            third.StoreUnsafe(ref to, (nuint)i + 8);
            fourth.StoreUnsafe(ref to, (nuint)i + 12);
            a += first - first;
            b += second - second;
            c += third - third;
            d += fourth - fourth;
        }
        values[i..].CopyTo(target[i..]);
        return AreZero(a, b, c, d) && Search(values, i) < 0 ? -1 : Search(values, 0);
    }

    /// <summary>The index of the first NaN or infinity, or −1.</summary>
    public static int IndexOf(ReadOnlySpan<float> values)
    {
        // x − x is 0 for every finite x and NaN for the others, and a NaN survives every sum.
        ref float from = ref MemoryMarshal.GetReference(values);
        (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = (default, default, default, default);
        int i = 0;
        for (; i <= values.Length - Step; i += Step)
        {
            Vector128<float> first = Vector128.LoadUnsafe(ref from, (nuint)i), second = Vector128.LoadUnsafe(ref from, (nuint)i + 4);
            Vector128<float> third = Vector128.LoadUnsafe(ref from, (nuint)i + 8), fourth = Vector128.LoadUnsafe(ref from, (nuint)i + 12);
            a += first - first;
            b += second - second;
            c += third - third;
            d += fourth - fourth;
        }
        return Search(values, AreZero(a, b, c, d) ? i : 0);
    }

    private static bool AreZero(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) =>
        Vector128.EqualsAll(a + b + (c + d), Vector128<float>.Zero);

    private static int Search(ReadOnlySpan<float> values, int start)
    {
        for (int i = start; i < values.Length; i++)
            if (!float.IsFinite(values[i]))
                return i;
        return -1;
    }
}
