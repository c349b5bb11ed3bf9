namespace TrtVocoder.Dsp;

/// <summary>
/// Triangular mel filters as torchaudio.functional.melscale_fbanks makes them, of HTK's scale or of Slaney's (librosa's default). Computed
/// in single precision step by step as there, since narrow triangles feel the rounding of their corners. Only the bins inside a triangle
/// are kept.
/// </summary>
/// <remarks>
/// HTK: mel = 2595·log10(1 + f/700). Slaney: linear up to 1000 Hz (3 mel in 200 Hz), then 27 mel for a factor of 6.4. Slaney's
/// normalisation divides a triangle by half its width in Hz, so that all have the same area.
/// </remarks>
internal sealed unsafe class MelFilterbank : IDisposable
{
    private readonly (int FirstBin, int Offset, int Count)[] _bands;
    private readonly AlignedBuffer _weights;

    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="bins">Frequencies of a spectrum, from 0 to half the sample rate.</param>
    /// <param name="bands">Triangles.</param>
    /// <param name="scale">Where they lie, and how high they are.</param>
    public MelFilterbank(int sampleRate, int bins, int bands, MelScale scale)
    {
        float[] frequencies = Linspace(0, sampleRate / 2, bins);
        float[] corners = Linspace(scale.ToMel(scale.MinFrequency), scale.ToMel(scale.MaxFrequency ?? sampleRate / 2), bands + 2);
        for (int i = 0; i < corners.Length; i++)
            corners[i] = scale.ToHertz(corners[i]);

        List<float> weights = [];
        _bands = new (int, int, int)[bands];
        for (int band = 0; band < bands; band++)
        {
            float height = scale.HasSlaneyNorm ? 2f / (corners[band + 2] - corners[band]) : 1f;
            float[] triangle = [.. frequencies.Select(frequency => height * Math.Max(0f, Math.Min(
                -(corners[band] - frequency) / (corners[band + 1] - corners[band]),
                (corners[band + 2] - frequency) / (corners[band + 2] - corners[band + 1]))))];
            int first = Math.Max(0, Array.FindIndex(triangle, weight => weight > 0));
            int count = Array.FindLastIndex(triangle, weight => weight > 0) + 1 - first;
            _bands[band] = (first, weights.Count, Math.Max(0, count));
            weights.AddRange(triangle.AsSpan(first, Math.Max(0, count)));
        }
        _weights = new AlignedBuffer(Math.Max(1, weights.Count));
        weights.CopyTo(new Span<float>(_weights.Pointer, weights.Count));
    }

    public void Dispose() => _weights.Dispose();

    /// <summary>mel[band · stride] = max(Σ weight · magnitude, floor) for every band.</summary>
    public void Apply(float* magnitudes, float floor, Span<float> mel, int stride)
    {
        for (int band = 0; band < _bands.Length; band++)
        {
            (int firstBin, int offset, int count) = _bands[band];
            mel[band * stride] = Math.Max(floor, VectorKernels.Dot(_weights.Pointer + offset, magnitudes + firstBin, count));
        }
        GC.KeepAlive(this);
    }

    /// <summary>The whole matrix [bins, bands], as torchaudio keeps it.</summary>
    public float[] ToMatrix(int bins)
    {
        float[] matrix = new float[bins * _bands.Length];
        for (int band = 0; band < _bands.Length; band++)
            for (int i = 0; i < _bands[band].Count; i++)
                matrix[((_bands[band].FirstBin + i) * _bands.Length) + band] = _weights.Pointer[_bands[band].Offset + i];
        return matrix;
    }

    // torch.linspace: the upper half is counted down from the end.
    private static float[] Linspace(float start, float end, int steps)
    {
        float step = steps > 1 ? (end - start) / (steps - 1) : 0;
        return [.. Enumerable.Range(0, steps).Select(i => i < steps / 2 ? start + (step * i) : end - (step * (steps - 1 - i)))];
    }
}

/// <summary>Where mel bands lie, and how they are weighted.</summary>
/// <param name="MinFrequency">Lower end of the first band in Hz.</param>
/// <param name="MaxFrequency">Upper end of the last one; null for half the sample rate.</param>
/// <param name="HasSlaneyScale">Slaney's scale in place of HTK's.</param>
/// <param name="HasSlaneyNorm">Bands of equal area, in place of equal height.</param>
internal readonly record struct MelScale(float MinFrequency, float? MaxFrequency, bool HasSlaneyScale, bool HasSlaneyNorm)
{
    private const double SlaneyHertzPerMel = 200.0 / 3;
    private const double SlaneyLogHertz = 1000;
    private const double SlaneyLogMel = SlaneyLogHertz / SlaneyHertzPerMel;

    private static readonly double SlaneyLogStep = Math.Log(6.4) / 27;

    public float ToMel(float hertz)
    {
        if (!HasSlaneyScale)
            return (float)(2595.0 * Math.Log10(1.0 + (hertz / 700.0)));
        return (float)(hertz < SlaneyLogHertz
            ? hertz / SlaneyHertzPerMel
            : SlaneyLogMel + (Math.Log(hertz / SlaneyLogHertz) / SlaneyLogStep));
    }

    public float ToHertz(float mel)
    {
        if (!HasSlaneyScale)
            return 700f * (MathF.Pow(10f, mel / 2595f) - 1f);
        return mel < (float)SlaneyLogMel
            ? (float)SlaneyHertzPerMel * mel
            : (float)SlaneyLogHertz * MathF.Exp((float)SlaneyLogStep * (mel - (float)SlaneyLogMel));
    }
}
