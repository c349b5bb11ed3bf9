using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The mel of a made-up voice, the same at every call: noise in its place would drive a network to phases so large that their cosines lose
/// digits, which speech does not.
/// </summary>
internal static class SpeechLikeMel
{
    private const int Seed = 1;

    // Four syllables a second, each two thirds voiced.
    private const double SyllableSeconds = 0.25;
    private const double VoicedPart = 0.65;
    private const double BreathAmplitude = 0.01;
    private const double HighestHarmonicHz = 7000;

    // Resonances of an open and of a close vowel, which the voice glides between, and their width.
    private static readonly double[] OpenHz = [700, 1200, 2600, 3500];
    private static readonly double[] CloseHz = [300, 2200, 3000, 3700];
    private const double ResonanceWidthHz = 130;

    /// <summary>[batch, n_mels, frames] of natural-log amplitudes; every item begins elsewhere in the sentence.</summary>
    /// <exception cref="NativeLibraryException">FFTW is not installed.</exception>
    public static float[] Make(VocoderMetadata metadata, int batch, int frames)
    {
        using MelSpectrogram spectrogram = metadata.CreateMelSpectrogram();
        // A few frames more than needed, so that short inputs can be analysed too.
        float[] voice = MakeVoice(
            metadata.SampleRate, spectrogram.MinSampleCount + metadata.FftLength + ((batch + frames) * metadata.HopLength));
        int analysed = spectrogram.GetFrameCount(voice.Length);
        float[] all = new float[metadata.MelCount * analysed];
        spectrogram.Compute(voice, all);
        float[] mel = new float[batch * metadata.MelCount * frames];
        for (int item = 0; item < batch; item++)
            for (int band = 0; band < metadata.MelCount; band++)
                all.AsSpan((band * analysed) + item, frames).CopyTo(mel.AsSpan(((item * metadata.MelCount) + band) * frames));
        return mel;
    }

    private static float[] MakeVoice(int sampleRate, int count)
    {
        Random random = new(Seed);
        float[] samples = new float[count];
        double phase = 0;
        for (int i = 0; i < count; i++)
        {
            double seconds = (double)i / sampleRate;
            double syllable = seconds / SyllableSeconds % 1;
            double pitch = 130 + (25 * Math.Sin(2 * Math.PI * 1.3 * seconds));
            phase = (phase + (pitch / sampleRate)) % 1;
            double openness = 0.5 + (0.5 * Math.Sin(2 * Math.PI * 0.9 * seconds));
            double voice = syllable < VoicedPart
                ? Math.Sin(Math.PI * syllable / VoicedPart) * Voiced(phase, pitch, openness, Math.Min(HighestHarmonicHz, sampleRate / 2.0))
                : 0;
            double breath = BreathAmplitude * (syllable < VoicedPart ? 0.1 : 1) * ((2 * random.NextDouble()) - 1);
            samples[i] = (float)(voice + breath);
        }
        return samples;
    }

    // A pulse train's harmonics, shaped by the resonances.
    private static double Voiced(double phase, double pitch, double openness, double highestHz)
    {
        double sum = 0;
        for (int harmonic = 1; harmonic * pitch < highestHz; harmonic++)
        {
            double amplitude = 0;
            for (int i = 0; i < OpenHz.Length; i++)
            {
                double distance = ((harmonic * pitch) - (CloseHz[i] + (openness * (OpenHz[i] - CloseHz[i])))) / ResonanceWidthHz;
                amplitude += 1 / (1 + (distance * distance));
            }
            sum += amplitude / harmonic * Math.Sin(2 * Math.PI * harmonic * phase);
        }
        return 0.3 * sum;
    }
}
