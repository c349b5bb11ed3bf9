using TrtVocoder.Dsp;

namespace TrtVocoder.Tests.Dsp;

/// <summary>The managed transform beside FFTW and beside the sums that define it.</summary>
public sealed unsafe class FourierPlanTests
{
    private const double MinDecibels = 120;

    // Every radix alone and with the others, odd strides, primes, and n_fft of models.
    private static readonly int[] Lengths =
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 20, 25, 27, 30, 32, 45, 50, 60, 64, 75, 77, 80, 97, 100, 121, 125, 128, 210, 256, 400, 480, 512, 600, 800, 882,
            1000, 1014, 1021, 1024, 1200, 1536, 2048, 2310, 4096];

    [TestCaseSource(nameof(Lengths))]
    public void Managed_transforms_equal_FFTWs(int length)
    {
        foreach (bool isReal in (bool[])[false, true])
        {
            (float[] real, float[] imag) = Transform(length, isReal, useFftw: false);
            (float[] expectedReal, float[] expectedImag) = Transform(length, isReal, useFftw: true);

            double signal = 0, noise = 0;
            for (int k = 0; k < real.Length; k++)
            {
                signal += Square(expectedReal[k]) + Square(expectedImag[k]);
                noise += Square(real[k] - expectedReal[k]) + Square(imag[k] - expectedImag[k]);
            }
            double decibels = 10 * Math.Log10(signal / noise);
            TestContext.Out.WriteLine($"{length} points, {(isReal ? "real" : "complex")}: {decibels:f1} dB");
            Assert.That(decibels, Is.GreaterThanOrEqualTo(MinDecibels));
        }
    }

    [Test]
    public void A_managed_transform_allocates_nothing()
    {
        const int Length = 1200;
        FourierPlan plan = FourierPlan.GetBackward(Length, useFftw: false);
        int stride = FourierPlan.GetRowStride(Length);
        using AlignedBuffer rows = new(4 * stride);
        plan.Execute(rows.Pointer, stride);

        long before = GC.GetAllocatedBytesForCurrentThread();
        plan.Execute(rows.Pointer, stride);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static double Square(double value) => value * value;

    private static (float[] Real, float[] Imag) Transform(int length, bool isReal, bool useFftw)
    {
        FourierPlan plan = isReal ? FourierPlan.GetReal(length, useFftw) : FourierPlan.GetBackward(length, useFftw);
        int stride = FourierPlan.GetRowStride(length);
        using AlignedBuffer rows = new(4 * stride);
        // What a frame before left behind must not matter.
        new Span<float>(rows.Pointer, 4 * stride).Fill(float.NaN);
        Random random = new(length);
        for (int row = 0; row < (isReal ? 1 : 2); row++)
            for (int n = 0; n < length; n++)
                rows.Pointer[(row * stride) + n] = (float)((2 * random.NextDouble()) - 1);
        plan.Execute(rows.Pointer, stride);
        int count = isReal ? (length / 2) + 1 : length;
        return (new Span<float>(rows.Pointer + (2 * stride), count).ToArray(), new Span<float>(rows.Pointer + (3 * stride), count).ToArray());
    }
}
