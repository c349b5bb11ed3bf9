using CudaInterop;
using TrtVocoder;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

// cuda-interop ENGINE mel.npy speech.wav: a mel that lies on the GPU to samples that lie there too.
if (args.Length != 3)
{
    Console.Error.WriteLine("cuda-interop ENGINE mel.npy speech.wav");
    return 2;
}
try
{
    FloatTensor mel = NpyFile.Read(args[1]);
    int frames = mel.Shape[^1];

    // Any library would do that works in the GPU's primary context.
    using Gpu gpu = new();
    using Vocoder vocoder = Vocoder.Load(args[0]);
    using VocoderSession session = vocoder.CreateSession();
    session.WarmUp();

    // In place of a model that makes mels there.
    ulong melOnGpu = gpu.Allocate(mel.Values.Length), audioOnGpu = gpu.Allocate(vocoder.GetSampleCount(frames));
    gpu.Send(mel.Values, melOnGpu);

    // Enqueued behind the copy, on the same stream: nothing waits.
    int samples = session.DecodeOnDevice((nint)melOnGpu, batch: 1, frames, (nint)audioOnGpu, gpu.Stream);

    // In place of what takes the samples there.
    float[] audio = new float[samples];
    gpu.Receive(audioOnGpu, audio);
    WavFile.Write(args[2], audio, channelCount: 1, vocoder.SampleRate, WavSampleFormat.IeeeFloat, overwrite: true);
    Console.WriteLine($"{(double)samples / vocoder.SampleRate:f2} s of speech by {vocoder.Info.Backend}");
    return 0;
}
catch (Exception error) when (error is TrtVocoderException or IOException or NotSupportedException or GpuException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
