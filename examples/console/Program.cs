using TrtVocoder.Files;
using TrtVocoder.Vocoding;

// console MODEL mel.npy speech.wav: on the CPU with an .onnx, on a GPU with an .engine.
using Vocoder vocoder = Vocoder.Load(args[0]);
using VocoderSession session = vocoder.CreateSession();
FloatTensor mel = NpyFile.Read(args[1]);
int frames = mel.Shape[^1];
float[] audio = new float[vocoder.GetSampleCount(frames)];
session.Decode(mel.Values, frames, audio);
WavFile.Write(args[2], audio, channelCount: 1, vocoder.SampleRate, WavSampleFormat.Pcm16, overwrite: true);
Console.WriteLine($"{(double)audio.Length / vocoder.SampleRate:f2} s of speech by {vocoder.Info.Backend}");
