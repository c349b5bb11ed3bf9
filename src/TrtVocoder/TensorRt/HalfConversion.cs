using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TrtVocoder.TensorRt;

/// <summary>
/// FP16 ↔ FP32 over spans, eight values a step. .NET has no intrinsic for the hardware's conversion, so these are integer operations
/// with a multiplication or addition that does the renormalising (F. Giesen, "half to float done quick"). Same results as the casts,
/// but for the payload of NaN.
/// </summary>
internal static class HalfConversion
{
    /// <summary>Widens every value; exact.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter.</exception>
    public static void ToSingle(ReadOnlySpan<Half> source, Span<float> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException($"{source.Length} values do not fit into {destination.Length}.", nameof(destination));
        ref ushort from = ref Unsafe.As<Half, ushort>(ref MemoryMarshal.GetReference(source));
        ref float to = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
            {
                (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.LoadUnsafe(ref from, (nuint)i));
                Widen(low).StoreUnsafe(ref to, (nuint)i);
                Widen(high).StoreUnsafe(ref to, (nuint)i + 4);
            }
        }
        for (; i < source.Length; i++)
            destination[i] = (float)source[i];
    }

    /// <summary>Narrows every value, to the nearest, ties to even; too large ones become infinite.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter.</exception>
    public static void ToHalf(ReadOnlySpan<float> source, Span<Half> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException($"{source.Length} values do not fit into {destination.Length}.", nameof(destination));
        ref float from = ref MemoryMarshal.GetReference(source);
        ref ushort to = ref Unsafe.As<Half, ushort>(ref MemoryMarshal.GetReference(destination));
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
                Vector128.Narrow(Narrow(Vector128.LoadUnsafe(ref from, (nuint)i)), Narrow(Vector128.LoadUnsafe(ref from, (nuint)i + 4))).StoreUnsafe(ref to, (nuint)i);
        }
        for (; i < source.Length; i++)
            destination[i] = (Half)source[i];
    }

    // Exponent and mantissa shifted into place are the value times 2^-112, subnormals included.
    private static Vector128<float> Widen(Vector128<uint> half)
    {
        Vector128<uint> magnitude = (half & Vector128.Create(0x7FFFu)) << 13;
        Vector128<uint> isSpecial = Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(0x7C00u << 13));
        Vector128<uint> scaled = (magnitude.AsSingle() * Vector128.Create(0x77800000u).AsSingle()).AsUInt32();
        Vector128<uint> special = magnitude | Vector128.Create(0x7F800000u);
        return (Vector128.ConditionalSelect(isSpecial, special, scaled) | ((half & Vector128.Create(0x8000u)) << 16)).AsSingle();
    }

    private static Vector128<uint> Narrow(Vector128<float> value)
    {
        Vector128<uint> bits = value.AsUInt32();
        Vector128<uint> magnitude = bits & Vector128.Create(0x7FFFFFFFu);
        // Below 2^-14: adding 0.5 moves the bits to where FP16's subnormals have them, rounded by the adder.
        Vector128<uint> subnormal = (magnitude.AsSingle() + Vector128.Create(0.5f)).AsUInt32() - Vector128.Create(0.5f).AsUInt32();
        // Else: the other exponent bias, and half a unit (less one bit when even) for rounding to nearest, ties to even.
        Vector128<uint> normal = (magnitude + Vector128.Create(0xC8000FFFu) + ((magnitude >> 13) & Vector128<uint>.One)) >> 13;
        Vector128<uint> special = Vector128.ConditionalSelect(
            Vector128.GreaterThan(magnitude, Vector128.Create(0x7F800000u)), Vector128.Create(0x7E00u), Vector128.Create(0x7C00u));
        Vector128<uint> result = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(0x38800000u)), subnormal, normal);
        result = Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(0x47800000u)), special, result);
        return result | ((bits >> 16) & Vector128.Create(0x8000u));
    }
}
