using TrtVocoder.Dsp;

namespace TrtVocoder.Tests.Dsp;

/// <summary>A spectrum that can be viewed in both layouts.</summary>
internal sealed class TestSpectrum
{
    private readonly int _bins;
    private readonly float[] _realBinsMajor;
    private readonly float[] _imagBinsMajor;
    private readonly float[] _realFrameMajor;
    private readonly float[] _imagFrameMajor;

    private TestSpectrum(float[] real, float[] imag, int bins)
    {
        _bins = bins;
        Frames = real.Length / bins;
        (_realBinsMajor, _imagBinsMajor) = (real, imag);
        (_realFrameMajor, _imagFrameMajor) = (Transpose(real), Transpose(imag));
    }

    public int Frames { get; }

    public (float Re, float Im) this[int frame, int bin] => (_realBinsMajor[(bin * Frames) + frame], _imagBinsMajor[(bin * Frames) + frame]);

    public static TestSpectrum FromBinsMajor(float[] real, float[] imag, int bins) => new(real, imag, bins);

    /// <summary>Values in [-1, 1), the imaginary parts of the first and last bin among them.</summary>
    public static TestSpectrum Random(int bins, int frames, int seed)
    {
        Random random = new(seed);
        float[] Values() => [.. Enumerable.Range(0, bins * frames).Select(_ => (random.NextSingle() * 2) - 1)];
        return new TestSpectrum(Values(), Values(), bins);
    }

    public Spectrum View(SpectrumLayout layout) => layout == SpectrumLayout.BinsMajor
        ? new Spectrum(_realBinsMajor, _imagBinsMajor, layout, _bins, Frames)
        : new Spectrum(_realFrameMajor, _imagFrameMajor, layout, _bins, Frames);

    private float[] Transpose(float[] values)
    {
        float[] result = new float[values.Length];
        for (int bin = 0; bin < _bins; bin++)
            for (int frame = 0; frame < Frames; frame++)
                result[(frame * _bins) + bin] = values[(bin * Frames) + frame];
        return result;
    }
}
