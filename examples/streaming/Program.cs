using System.Buffers;
using System.Diagnostics;
using Streaming;
using TrtVocoder;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

// streaming MODEL mel.npy [speech.wav]: a mel in pieces of 10 frames, as a speech model gives it; to the speaker while it comes, or to a
// file.
const int ChunkFrames = 10;
if (args.Length is not (2 or 3))
{
    Console.Error.WriteLine("usage: streaming MODEL mel.npy [speech.wav]");
    return 2;
}
try
{
    using Vocoder vocoder = Vocoder.Load(args[0]);
    using VocoderSession session = vocoder.CreateSession();
    using VocoderStream stream = session.CreateStream();
    stream.WarmUp(ChunkFrames);
    FloatTensor mel = NpyFile.Read(args[1]);
    int frames = mel.Shape[^1];

    using Speaker? speaker = args.Length == 2 ? new Speaker(vocoder.SampleRate) : null;
    ArrayBufferWriter<float> file = new();
    float[] chunk = new float[vocoder.MelCount * ChunkFrames];
    float[] audio = new float[vocoder.SampleRate];
    Stopwatch clock = Stopwatch.StartNew();
    TimeSpan? first = null;
    int samples = 0;
    for (int frame = 0; frame < frames; frame += ChunkFrames)
    {
        int count = Math.Min(ChunkFrames, frames - frame);
        for (int band = 0; band < vocoder.MelCount; band++)
            mel.Values.Slice((band * frames) + frame, count).CopyTo(chunk.AsSpan(band * count));
        stream.Push(chunk.AsSpan(0, vocoder.MelCount * count), count);
        Play();
    }
    stream.Complete();
    Play();
    if (args.Length == 3)
        WavFile.Write(args[2], file.WrittenSpan.ToArray(), 1, vocoder.SampleRate, WavSampleFormat.IeeeFloat, overwrite: true);
    Console.WriteLine($"{(double)samples / vocoder.SampleRate:f2} s of speech, the first after {first?.TotalMilliseconds:f0} ms");
    return 0;

    void Play()
    {
        while (stream.Read(audio) is var got and > 0)
        {
            first ??= clock.Elapsed;
            samples += got;
            if (speaker is null)
                file.Write(audio.AsSpan(0, got));
            else
                speaker.Write(audio.AsSpan(0, got));
        }
    }
}
catch (Exception error) when (error is TrtVocoderException or IOException or SpeakerException or ArgumentException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
