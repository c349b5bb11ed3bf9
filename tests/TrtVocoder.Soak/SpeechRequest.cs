using System.Buffers;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Soak;

/// <summary>A body for POST /speech, and the whole answer that a direct decode in this process gives.</summary>
/// <param name="Body">The mel as .npy.</param>
/// <param name="Answer">The WAV, byte by byte.</param>
public sealed record SpeechRequest(byte[] Body, byte[] Answer)
{
    /// <summary>Makes a mel like speech of so many frames and decodes it.</summary>
    public static SpeechRequest Make(VocoderSession session, Vocoder vocoder, int frames, Random random)
    {
        float[] mel = new float[vocoder.MelCount * frames];
        for (int i = 0; i < mel.Length; i++)
            mel[i] = (random.NextSingle() * 6) - 7;
        return Make(session, vocoder, new FloatTensor([vocoder.MelCount, frames], mel));
    }

    /// <summary>Decodes a mel [n_mels, frames].</summary>
    public static SpeechRequest Make(VocoderSession session, Vocoder vocoder, FloatTensor mel)
    {
        using MemoryStream body = new();
        NpyFile.Write(body, mel);
        ArrayBufferWriter<byte> answer = new();
        WavFile.WriteHeader(answer, 1, vocoder.SampleRate, WavSampleFormat.Pcm16);
        session.Decode(mel.Values, mel.Shape[^1], part => WavFile.WriteSamples(answer, part, WavSampleFormat.Pcm16));
        return new SpeechRequest(body.ToArray(), answer.WrittenSpan.ToArray());
    }
}
