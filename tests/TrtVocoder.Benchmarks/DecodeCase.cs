using TorchSharp;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>One model with random weights, one mel, and the two ways to decode it to samples that are compared.</summary>
internal sealed class DecodeCase : IDisposable
{
    private readonly VocosCheckpoint _checkpoint;
    private readonly string _onnxPath = Path.Combine(Path.GetTempPath(), $"trtvocoder-bench-{Environment.ProcessId}.onnx");
    private readonly float[] _mel;
    private readonly int _frames;
    private readonly int _threads;
    private readonly Stack<IDisposable> _owned = new();

    public DecodeCase(VocosConfig config, int frames, int threads)
    {
        _checkpoint = RandomCheckpoint.Create(config, seed: 1);
        _frames = frames;
        _threads = threads;
        Random random = new(2);
        _mel = new float[config.MelCount * frames];
        for (int i = 0; i < _mel.Length; i++)
            _mel[i] = (random.NextSingle() * 8) - 8;
    }

    /// <summary>This library: ONNX Runtime and FFTW, mel to samples.</summary>
    public Action PrepareOnnx()
    {
        OnnxExporter.Export(_checkpoint, _onnxPath, new OnnxExportOptions { Layout = SpectrumLayout.FrameMajor }, overwrite: true);
        Vocoder vocoder = Own(Vocoder.Load(_onnxPath, new VocoderOptions { Threads = _threads }));
        VocoderSession session = Own(vocoder.CreateSession());
        float[] audio = new float[vocoder.GetSampleCount(_frames)];
        return () => session.Decode(_mel, _frames, audio);
    }

    /// <summary>Eager PyTorch by TorchSharp, mel to samples.</summary>
    public Action PrepareTorch()
    {
        torch.set_num_threads(_threads);
        TorchVocos vocos = Own(new TorchVocos(_checkpoint));
        torch.Tensor mel = Own(torch.tensor(_mel, [1, _checkpoint.Config.MelCount, _frames]));
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
        File.Delete(_onnxPath);
    }

    private T Own<T>(T value)
        where T : IDisposable
    {
        _owned.Push(value);
        return value;
    }
}
