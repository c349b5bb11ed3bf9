using BenchmarkDotNet.Attributes;
using TrtVocoder.Dsp;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// The inverse STFT of one utterance (n_fft 1024, hop 256, center) on one thread, against FFTW's c2r calls alone on the same
/// number of frames (the floor of any FFTW-based inverse STFT that transforms frame by frame) and against torch.istft.
/// </summary>
public class IstftBenchmarks
{
    private IstftCase _case = null!;
    private Action _frameMajor = null!;
    private Action _binsMajor = null!;
    private Action? _torch;

    [Params(256)]
    public int Frames { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _case = new IstftCase(Frames);
        _frameMajor = _case.Ours(SpectrumLayout.FrameMajor);
        _binsMajor = _case.Ours(SpectrumLayout.BinsMajor);
        if (Torch.WhyMissing is null)
            _torch = _case.PyTorch(fromParts: false);
    }

    [GlobalCleanup]
    public void Cleanup() => _case.Dispose();

    [Benchmark(Baseline = true, Description = "FFTW c2r calls alone")]
    public void FftwAlone() => _case.FftwAlone();

    [Benchmark(Description = "InverseStft from [T,F]")]
    public void FrameMajor() => _frameMajor();

    [Benchmark(Description = "InverseStft from [F,T]")]
    public void BinsMajor() => _binsMajor();

    [Benchmark(Description = "torch.istft from [F,T]")]
    public void TorchIstft() => (_torch ?? throw new NotSupportedException(Torch.WhyMissing))();
}
