using TrtVocoder;
using TrtVocoder.Dsp;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace WebService;

/// <summary>A mel [n_mels, frames] that the vocoder takes.</summary>
internal sealed record Mel(ReadOnlyMemory<float> Values, int Frames)
{
    private const string Body = "The body";

    /// <summary>Reads a request's body: a mel as .npy, or a WAV file, of which the mel is made.</summary>
    /// <exception cref="BadHttpRequestException">It is neither, or nothing that this vocoder decodes; the message says why.</exception>
    public static Mel Of(ReadOnlySpan<byte> body, Vocoder vocoder)
    {
        try
        {
            Mel mel = body.StartsWith("RIFF"u8) || body.StartsWith("RF64"u8) || body.StartsWith("BW64"u8)
                ? OfSpeech(body, vocoder)
                : OfArray(body, vocoder.MelCount);
            vocoder.CheckMel(mel.Values.Span, mel.Frames);
            return mel;
        }
        catch (TrtVocoderException refusal)
        {
            throw new BadHttpRequestException(refusal.Message, refusal);
        }
    }

    private static Mel OfArray(ReadOnlySpan<byte> body, int bands)
    {
        if (body is not [0x93, (byte)'N', (byte)'U', ..])
            throw new BadHttpRequestException($"{Body} is neither a .npy nor a WAV file; send a mel [{bands}, frames] or a recording.");
        FloatTensor array = NpyFile.Read(body, Body);
        ReadOnlySpan<int> shape = array.Shape.AsSpan();
        if (shape is [1, _, _])
            shape = shape[1..];
        if (shape.Length != 2 || shape[0] != bands)
            throw new BadHttpRequestException(
                $"{Body} has the shape {array}; expected a mel [{bands}, frames] or [1, {bands}, frames].");
        return shape[1] > 0
            ? new Mel(array.Memory, shape[1])
            : throw new BadHttpRequestException($"{Body} is empty: its mel has 0 frames.");
    }

    private static Mel OfSpeech(ReadOnlySpan<byte> body, Vocoder vocoder)
    {
        WavAudio speech = WavFile.Read(new MemoryStream(body.ToArray()), Body);
        float[] samples = Resampler.Resample(speech.ToMono(), speech.SampleRate, vocoder.SampleRate);
        using MelSpectrogram spectrogram = vocoder.Metadata.CreateMelSpectrogram();
        if (samples.Length < spectrogram.MinSampleCount)
            throw new BadHttpRequestException(
                $"{Body} is too short: {samples.Length} samples at {vocoder.SampleRate} Hz, at least {spectrogram.MinSampleCount} are "
                    + "needed.");
        int frames = spectrogram.GetFrameCount(samples.Length);
        float[] values = new float[vocoder.MelCount * frames];
        spectrogram.Compute(samples, values);
        return new Mel(values, frames);
    }
}
