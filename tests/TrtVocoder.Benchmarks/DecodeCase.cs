using TorchSharp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>One random mel of the full-size model, and the two ways to decode it to samples that are compared.</summary>
internal sealed class DecodeCase : IDisposable
{
    private static readonly int MelCount = RandomCheckpoint.FullSize.MelCount;
    private readonly float[] _mel;
    private readonly int _frames;
    private readonly int _threads;
    private readonly Stack<IDisposable> _owned = new();

    public DecodeCase(int frames, int threads)
    {
        _frames = frames;
        _threads = threads;
        _mel = new float[MelCount * frames];
        RandomMel.Fill(_mel);
    }

    /// <summary>This library: ONNX Runtime and FFTW, mel to samples.</summary>
    public Action PrepareOnnx(string path)
    {
        Vocoder vocoder = Own(Vocoder.Load(path, new VocoderOptions { Threads = _threads }));
        VocoderSession session = Own(vocoder.CreateSession());
        float[] audio = new float[vocoder.GetSampleCount(_frames)];
        return () => session.Decode(_mel, _frames, audio);
    }

    /// <summary>Eager PyTorch by TorchSharp, mel to samples.</summary>
    public Action PrepareTorch(string checkpointFolder)
    {
        torch.set_num_threads(_threads);
        TorchVocos vocos = Own(new TorchVocos(VocosCheckpoint.Load(checkpointFolder)));
        torch.Tensor mel = Own(torch.tensor(_mel, [1, MelCount, _frames]));
        return () =>
        {
            using IDisposable scope = torch.NewDisposeScope();
            vocos.Audio(mel);
        };
    }

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
            owned.Dispose();
    }

    private T Own<T>(T value)
        where T : IDisposable
    {
        _owned.Push(value);
        return value;
    }
}
