using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Cli.Comparing;

/// <summary>How far a signal is from a reference of the same length and sample rate.</summary>
/// <param name="MeanSquaredError">Mean of the squared differences.</param>
/// <param name="SignalToNoiseDb">Power of the reference over power of the difference, in dB; infinite for equal signals.</param>
/// <param name="MaxAbsoluteError">Largest difference.</param>
/// <param name="LogMelL1">Mean absolute difference of natural-log mels.</param>
/// <param name="SpectralConvergence">Multi-resolution: Frobenius norm of the difference of magnitudes over that of the reference's.</param>
/// <param name="LogMagnitudeL1">Multi-resolution: mean absolute difference of log magnitudes.</param>
internal sealed record SoundComparison(
    double MeanSquaredError, double SignalToNoiseDb, double MaxAbsoluteError, double LogMelL1, double SpectralConvergence, double LogMagnitudeL1)
{
    private const float MagnitudeFloor = 1e-5f;

    // n_fft, hop; the windows are Hann windows of n_fft samples.
    private static readonly (int FftLength, int HopLength)[] Resolutions = [(512, 128), (1024, 256), (2048, 512)];

    /// <summary>The sum of both parts of the multi-resolution STFT distance.</summary>
    /// <remarks>Yamamoto et al., "Parallel WaveGAN" (arXiv 1910.11480), equations 4 to 6, with the resolutions above.</remarks>
    public double MultiResolutionStft => SpectralConvergence + LogMagnitudeL1;

    public static SoundComparison Of(float[] reference, float[] other, VocoderMetadata metadata, string name)
    {
        (double signal, double noise, double worst) = (0, 0, 0);
        for (int i = 0; i < reference.Length; i++)
        {
            double difference = other[i] - (double)reference[i];
            signal += (double)reference[i] * reference[i];
            noise += difference * difference;
            worst = Math.Max(worst, Math.Abs(difference));
        }
        Mel a = SpeechInput.ToMel(reference, metadata, name), b = SpeechInput.ToMel(other, metadata, name);
        double mel = 0;
        for (int i = 0; i < a.Values.Length; i++)
            mel += Math.Abs(a.Values[i] - b.Values[i]);

        (double convergence, double magnitude) = (0, 0);
        int used = 0;
        foreach ((int fftLength, int hopLength) in Resolutions)
        {
            using Stft stft = new(new StftParameters(fftLength, hopLength, StftPadding.Center));
            if (reference.Length < stft.MinSampleCount)
                continue;
            (double c, double m) = Distance(Magnitudes(stft, reference), Magnitudes(stft, other));
            convergence += c;
            magnitude += m;
            used++;
        }
        return new SoundComparison(
            noise / reference.Length, 10 * Math.Log10(signal / noise), worst, mel / a.Values.Length, convergence / used, magnitude / used);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteFinite("mse", MeanSquaredError);
        writer.WriteFinite("snrDb", SignalToNoiseDb);
        writer.WriteFinite("maxAbsoluteError", MaxAbsoluteError);
        writer.WriteFinite("logMelL1", LogMelL1);
        writer.WriteFinite("multiResolutionStft", MultiResolutionStft);
        writer.WriteFinite("spectralConvergence", SpectralConvergence);
        writer.WriteFinite("logMagnitudeL1", LogMagnitudeL1);
    }

    private static (double Convergence, double LogMagnitude) Distance(float[] a, float[] b)
    {
        (double difference, double norm, double logs) = (0, 0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
            norm += (double)a[i] * a[i];
            logs += Math.Abs(MathF.Log(a[i]) - MathF.Log(b[i]));
        }
        return (Math.Sqrt(difference / norm), logs / a.Length);
    }

    private static float[] Magnitudes(Stft stft, float[] samples)
    {
        int size = stft.GetFrameCount(samples.Length) * stft.Parameters.BinCount;
        float[] real = new float[size], imag = new float[size];
        stft.Transform(samples, real, imag);
        for (int i = 0; i < size; i++)
            real[i] = MathF.Max(MagnitudeFloor, MathF.Sqrt((real[i] * real[i]) + (imag[i] * imag[i])));
        return real;
    }
}
