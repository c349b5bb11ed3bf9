using TrtVocoder.Vocoding;

// Decodes silence with the model given; prints what ran it, the number of samples and the managed bytes of a second decode.
using Vocoder vocoder = Vocoder.Load(args[0]);
using VocoderSession session = vocoder.CreateSession();
const int Frames = 100;
float[] mel = new float[vocoder.MelCount * Frames];
Array.Fill(mel, MathF.Log(vocoder.Metadata.MelFloor));
float[] audio = new float[vocoder.GetSampleCount(Frames)];
int samples = session.Decode(mel, Frames, audio);
long before = GC.GetAllocatedBytesForCurrentThread();
session.Decode(mel, Frames, audio);
long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
Console.WriteLine($"{vocoder.Info.Backend}: {samples} samples, {allocated} bytes allocated by a further decode");
return samples == audio.Length && allocated == 0 ? 0 : 1;
