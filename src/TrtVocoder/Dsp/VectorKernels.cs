using System.Numerics;
using System.Runtime.Intrinsics;

namespace TrtVocoder.Dsp;

/// <summary>Element-wise loops in vectors as wide as the machine's.</summary>
internal static unsafe class VectorKernels
{
    /// <summary>destination = a · b. The destination may be one of the operands.</summary>
    public static void Multiply(float* destination, float* a, float* b, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(a + i) * Vector.Load(b + i), destination + i);
        for (; i < count; i++)
            destination[i] = a[i] * b[i];
    }

    /// <summary>destination += a · b.</summary>
    public static void MultiplyAdd(float* destination, float* a, float* b, int count)
    {
        // An estimate is fused where the machine fuses, in the remainder too: a sample must not depend on where in a vector it falls.
        // Never FusedMultiplyAdd: without FMA in the target's baseline (NativeAOT's default) it is a library call, 7 times slower.
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.MultiplyAddEstimate(Vector.Load(a + i), Vector.Load(b + i), Vector.Load(destination + i)), destination + i);
        for (; i < count; i++)
            destination[i] = float.MultiplyAddEstimate(a[i], b[i], destination[i]);
    }

    /// <summary>magnitudes = |re + i·im|.</summary>
    public static void Magnitude(float* magnitudes, float* re, float* im, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> x = Vector.Load(re + i);
            Vector<float> y = Vector.Load(im + i);
            Vector.Store(Vector.SquareRoot((x * x) + (y * y)), magnitudes + i);
        }
        for (; i < count; i++)
            magnitudes[i] = MathF.Sqrt((re[i] * re[i]) + (im[i] * im[i]));
    }

    /// <summary>Σ a · b.</summary>
    public static float Dot(float* a, float* b, int count)
    {
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            sums += Vector.Load(a + i) * Vector.Load(b + i);
        float sum = Vector.Sum(sums);
        for (; i < count; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Natural logarithms, in place.</summary>
    public static void Log(Span<float> values)
    {
        int i = 0;
        for (; i <= values.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            Vector256.Log(Vector256.Create<float>(values[i..])).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] = MathF.Log(values[i]);
    }
}
