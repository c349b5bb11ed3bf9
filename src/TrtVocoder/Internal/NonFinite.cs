using System.Numerics;

namespace TrtVocoder.Internal;

/// <summary>Looks for NaN and infinity at the speed of memory.</summary>
internal static class NonFinite
{
    /// <summary>Copies, and gives the index of the first NaN or infinity, or −1: in one pass.</summary>
    /// <param name="values">From where.</param>
    /// <param name="target">Where to; as long.</param>
    public static int Copy(ReadOnlySpan<float> values, Span<float> target)
    {
        target = target[..values.Length];
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> block = new(values[i..]);
            sum += block - block;
            block.CopyTo(target[i..]);
        }
        values[i..].CopyTo(target[i..]);
        return Vector.EqualsAll(sum, Vector<float>.Zero) && IndexOf(values[i..]) < 0 ? -1 : IndexOf(values);
    }

    /// <summary>The index of the first NaN or infinity, or −1.</summary>
    public static int IndexOf(ReadOnlySpan<float> values)
    {
        // x − x is 0 for every finite x and NaN for the others, and a NaN survives every sum.
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> block = new(values[i..]);
            sum += block - block;
        }
        bool found = !Vector.EqualsAll(sum, Vector<float>.Zero);
        for (i = found ? 0 : i; i < values.Length; i++)
            if (!float.IsFinite(values[i]))
                return i;
        return -1;
    }
}
