using System.Runtime.InteropServices;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Tests.TensorRt;

public class HalfConversionTests
{
    private static readonly Half[] Every = [.. Enumerable.Range(0, 65536).Select(bits => BitConverter.UInt16BitsToHalf((ushort)bits))];

    [Test]
    public void Every_half_widens_to_its_value()
    {
        float[] wide = new float[Every.Length];
        HalfConversion.ToSingle(Every, wide);
        for (int i = 0; i < Every.Length; i++)
        {
            float expected = (float)Every[i];
            if (float.IsNaN(expected) ? !float.IsNaN(wide[i]) : BitConverter.SingleToInt32Bits(wide[i]) != BitConverter.SingleToInt32Bits(expected))
                Assert.Fail($"0x{i:X4} became {wide[i]}, expected {expected}");
        }
    }

    [Test]
    public void Singles_narrow_as_the_cast_does_around_every_half_and_every_tie()
    {
        List<float> values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 65519f, 65520f, 1e9f, -1e9f, float.Epsilon, float.MaxValue];
        for (int i = 0; i < 0x7C00; i++)
        {
            float low = (float)Every[i];
            float tie = (low + (float)Every[i + 1]) / 2;
            if (float.IsInfinity(tie))
                continue;
            values.AddRange([low, tie, float.BitIncrement(tie), float.BitDecrement(tie), -low, -tie]);
        }
        Half[] narrow = new Half[values.Count];
        HalfConversion.ToHalf(CollectionsMarshal.AsSpan(values), narrow);
        for (int i = 0; i < narrow.Length; i++)
        {
            Half expected = (Half)values[i];
            if (Half.IsNaN(expected) ? !Half.IsNaN(narrow[i]) : BitConverter.HalfToInt16Bits(narrow[i]) != BitConverter.HalfToInt16Bits(expected))
                Assert.Fail($"{values[i]:R} became {narrow[i]}, expected {expected}");
        }
    }

    [Test]
    public void A_destination_too_short_is_refused()
    {
        Assert.That(() => HalfConversion.ToSingle(new Half[9], new float[8]), Throws.ArgumentException);
        Assert.That(() => HalfConversion.ToHalf(new float[9], new Half[8]), Throws.ArgumentException);
    }
}
