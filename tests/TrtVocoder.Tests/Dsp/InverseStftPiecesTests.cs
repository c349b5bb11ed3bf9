using TrtVocoder.Dsp;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Dsp;

public class InverseStftPiecesTests
{
    [Test]
    public void An_utterance_cut_anywhere_equals_the_whole([Values] SpectrumLayout layout, [Values] StftPadding padding)
    {
        StftParameters stft = new(16, 4, padding);
        using InverseStft inverse = new(stft);
        foreach (int frames in new[] { 2, 17, 32, 53 })
            for (int cut = 1; cut < frames; cut++)
            {
                Spectrum spectrum = new(
                    Mels.Random(stft.BinCount * frames, frames), Mels.Random(stft.BinCount * frames, frames + 1), layout, stft.BinCount, frames);
                float[] whole = new float[stft.GetSampleCount(frames)];
                float[] pieces = new float[whole.Length];
                Array.Fill(pieces, float.NaN);

                inverse.Inverse(spectrum, whole);
                inverse.Accumulate(spectrum.Slice(0, cut), 0, frames, pieces);
                inverse.Accumulate(spectrum.Slice(cut, frames - cut), cut, frames, pieces);

                Assert.That(Differences.Largest(pieces, whole), Is.LessThan(1e-5f), $"{frames} frames cut at {cut}");
            }
    }
}
