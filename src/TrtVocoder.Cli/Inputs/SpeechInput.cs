using System.Globalization;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Speech as a model's feature extractor takes it: one channel at the model's sample rate.</summary>
internal static class SpeechInput
{
    /// <summary>The parameters of the published vocos-mel-24khz, used where no model is given.</summary>
    public static VocoderMetadata Vocos24Khz { get; } =
        new() { SampleRate = 24000, FftLength = 1024, HopLength = 256, MelCount = 100, Padding = StftPadding.Center };

    /// <summary>Reads a WAV file, mixes it down and resamples it; both are said.</summary>
    public static float[] Read(InputFile file, int sampleRate, CommandOutput output)
    {
        if (file.Kind != InputKind.Wav)
            throw CliException.BadInput($"{file.Name} is not a WAV file.");
        WavAudio audio = WavFile.Read(file.Open(), file.Name);
        foreach (string note in audio.Notes)
            output.Note(note);
        if (audio.Length == 0)
            throw CliException.BadInput($"{file.Name} is empty: it holds 0 samples.");
        if (audio.ChannelCount > 1)
            output.Note(string.Create(CultureInfo.InvariantCulture, $"{file.Name}: mixed down from {audio.ChannelCount} channels to one."));
        if (audio.SampleRate != sampleRate)
            output.Note(string.Create(CultureInfo.InvariantCulture,
                $"{file.Name}: resampled from {audio.SampleRate} Hz to {sampleRate} Hz."));
        return Resampler.Resample(audio.ToMono(), audio.SampleRate, sampleRate);
    }

    /// <summary>The mel of a signal.</summary>
    public static Mel ToMel(float[] samples, VocoderMetadata metadata, string name)
    {
        using MelSpectrogram spectrogram = metadata.CreateMelSpectrogram();
        if (samples.Length < spectrogram.MinSampleCount)
            throw CliException.BadInput(string.Create(
                CultureInfo.InvariantCulture, $"{name} is too short: {samples.Length} samples at {metadata.SampleRate} Hz, at least "
                    + $"{spectrogram.MinSampleCount} are needed."));
        int frames = spectrogram.GetFrameCount(samples.Length);
        Mel mel = new(new float[metadata.MelCount * frames], metadata.MelCount, frames);
        spectrogram.Compute(samples, mel.Values);
        return mel;
    }
}
