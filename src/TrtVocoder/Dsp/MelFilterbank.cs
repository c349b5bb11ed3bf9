namespace TrtVocoder.Dsp;

/// <summary>
/// Triangular mel filters as torchaudio.functional.melscale_fbanks makes them: HTK scale, f 0 … sample rate/2, no normalisation. Computed
/// in single precision step by step as there, since narrow triangles feel the rounding of their corners. Only the bins inside a triangle
/// are kept.
/// </summary>
internal sealed unsafe class MelFilterbank : IDisposable
{
    private readonly (int FirstBin, int Offset, int Count)[] _bands;
    private readonly AlignedBuffer _weights;

    public MelFilterbank(int sampleRate, int bins, int bands)
    {
        float nyquist = sampleRate / 2;
        float[] frequencies = Linspace(nyquist, bins);
        float[] corners = Linspace((float)(2595.0 * Math.Log10(1.0 + (nyquist / 700.0))), bands + 2);
        for (int i = 0; i < corners.Length; i++)
            corners[i] = 700f * (MathF.Pow(10f, corners[i] / 2595f) - 1f);

        List<float> weights = [];
        _bands = new (int, int, int)[bands];
        for (int band = 0; band < bands; band++)
        {
            float[] triangle = [.. frequencies.Select(frequency => Math.Max(0f, Math.Min(
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

    // torch.linspace from 0: the upper half is counted down from the end.
    private static float[] Linspace(float end, int steps)
    {
        float step = steps > 1 ? end / (steps - 1) : 0;
        return [.. Enumerable.Range(0, steps).Select(i => i < steps / 2 ? step * i : end - (step * (steps - 1 - i)))];
    }
}
