using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// The constants of an inverse STFT written as one matrix product and shifted sums. A frame's samples are cut into
/// <see cref="SegmentCount"/> segments of a hop; where the hop does not divide n_fft the last one is filled up with zeros.
/// </summary>
internal sealed class InverseStftMatrices
{
    private readonly StftParameters _stft;
    private readonly double[] _squaredWindow;

    /// <param name="stft">Sizes and padding.</param>
    /// <param name="binRows">Rows of <see cref="Synthesis"/> a part, F or more: those beyond F are zero.</param>
    public InverseStftMatrices(StftParameters stft, int binRows)
    {
        _stft = stft;
        SegmentCount = (stft.FftLength + stft.HopLength - 1) / stft.HopLength;
        double[] window = HannWindow.Create(stft.FftLength);
        _squaredWindow = new double[SegmentCount * stft.HopLength];
        for (int n = 0; n < window.Length; n++)
            _squaredWindow[n] = window[n] * window[n];
        Synthesis = MakeSynthesis(window, binRows);
        Envelope = MakeEnvelope(0, SegmentCount);
        EnvelopeMissingAtStart = MakeCorrections(row => MakeEnvelope(row + 1, SegmentCount), 0, stft.TrimLength);
        EnvelopeMissingAtEnd = MakeCorrections(row => MakeEnvelope(0, row + 1), EndTrim, 0);
    }

    /// <summary>Segments of a hop in a frame, R = ceil(n_fft / hop).</summary>
    public int SegmentCount { get; }

    /// <summary>[2·binRows, R·hop]: real parts, then imaginary parts → one frame's windowed samples; inverse real DFT with 1/N and the window folded in.</summary>
    public float[] Synthesis { get; }

    /// <summary>[hop]: overlap-added squared window where all R frames overlap.</summary>
    public float[] Envelope { get; }

    /// <summary>[R−1, hop]: what lacks of <see cref="Envelope"/> in the first R−1 rows of a hop; 0 where samples are cut off, so that nothing is divided by zero.</summary>
    public float[] EnvelopeMissingAtStart { get; }

    /// <summary>[R−1, hop]: the same in the last R−1 rows.</summary>
    public float[] EnvelopeMissingAtEnd { get; }

    /// <summary>Samples cut off the end of the T + R − 1 rows of a hop.</summary>
    public int EndTrim => _stft.Padding == StftPadding.Center
        ? (SegmentCount * _stft.HopLength) - _stft.TrimLength
        : ((SegmentCount - 1) * _stft.HopLength) - _stft.TrimLength;

    private float[] MakeSynthesis(double[] window, int binRows)
    {
        (int length, int width) = (_stft.FftLength, SegmentCount * _stft.HopLength);
        float[] matrix = new float[2 * binRows * width];
        for (int bin = 0; bin < _stft.BinCount; bin++)
        {
            // The first and the last bin have no mirror image, and their imaginary parts count for nothing.
            bool single = bin == 0 || bin == length / 2;
            double scale = (single ? 1.0 : 2.0) / length;
            for (int n = 0; n < length; n++)
            {
                double angle = 2 * Math.PI * ((long)bin * n % length) / length;
                matrix[(bin * width) + n] = (float)(scale * window[n] * Math.Cos(angle));
                matrix[((binRows + bin) * width) + n] = single ? 0 : (float)(-scale * window[n] * Math.Sin(angle));
            }
        }

        return matrix;
    }

    private float[] MakeEnvelope(int firstSegment, int endSegment)
    {
        float[] row = new float[_stft.HopLength];
        for (int n = 0; n < row.Length; n++)
        {
            double sum = 0;
            for (int segment = firstSegment; segment < endSegment; segment++)
                sum += _squaredWindow[(segment * row.Length) + n];
            row[n] = (float)sum;
        }

        return row;
    }

    private float[] MakeCorrections(Func<int, float[]> makeRow, int trimmedAtEnd, int trimmedAtStart)
    {
        float[] rows = [.. Enumerable.Range(0, SegmentCount - 1).SelectMany(makeRow)];
        rows.AsSpan(0, Math.Min(trimmedAtStart, rows.Length)).Clear();
        rows.AsSpan(Math.Max(rows.Length - trimmedAtEnd, 0)).Clear();
        return rows;
    }
}
