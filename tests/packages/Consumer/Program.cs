using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

// consumer MODEL mel.npy expected.wav: decodes and compares with what the program made of the same model and mel. MODEL is an engine, an .onnx or a
// checkpoint's folder, which is exported first.
FloatTensor mel = NpyFile.Read(args[1]);
using Vocoder vocoder = Directory.Exists(args[0])
    ? Vocoder.Load(new MemoryStream(OnnxExporter.Export(VocosCheckpoint.Load(args[0]))))
    : Vocoder.Load(args[0]);
using VocoderSession session = vocoder.CreateSession();
int frames = mel.Shape[^1];
float[] audio = new float[vocoder.GetSampleCount(frames)];
session.Decode(mel.Values, frames, audio);

ReadOnlySpan<float> expected = WavFile.Read(args[2]).Samples;
float worst = expected.Length == audio.Length ? 0 : float.PositiveInfinity;
for (int i = 0; i < audio.Length && i < expected.Length; i++)
    worst = MathF.Max(worst, MathF.Abs(audio[i] - expected[i]));
Console.WriteLine($"{vocoder.Info.Backend}: {audio.Length} samples, at most {worst:g2} from the program's");
return worst <= 1e-5f ? 0 : 1;
