using BenchmarkDotNet.Attributes;

namespace TrtVocoder.Benchmarks;

/// <summary>Mel to samples with the full-size model (random weights) on two threads: eager PyTorch against this library's CPU decoder.</summary>
public class DecodeBenchmarks
{
    private FullSizeModel _model = null!;
    private DecodeCase _case = null!;
    private Action _onnx = null!;
    private Action? _torch;

    [Params(256)]
    public int Frames { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _model = new FullSizeModel();
        _case = new DecodeCase(Frames, threads: 2);
        _onnx = _case.PrepareOnnx(_model.Export());
        if (Torch.WhyMissing is null)
            _torch = _case.PrepareTorch(_model.Folder);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _case.Dispose();
        _model.Dispose();
    }

    [Benchmark(Baseline = true, Description = "TorchSharp eager")]
    public void TorchEager() => (_torch ?? throw new NotSupportedException(Torch.WhyMissing))();

    [Benchmark(Description = "Vocoder, .onnx")]
    public void Onnx() => _onnx();
}
