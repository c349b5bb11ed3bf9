using BenchmarkDotNet.Attributes;
using TrtVocoder.Bindings;
using TrtVocoder.Dsp;
using static TorchSharp.torch;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// The inverse STFT of one utterance (n_fft 1024, hop 256, center) on one thread, against FFTW's c2r calls alone on the same
/// number of frames (the floor of any FFTW-based inverse STFT that transforms frame by frame) and against torch.istft.
/// </summary>
public unsafe class IstftBenchmarks
{
    private const int FftLength = 1024;
    private const int HopLength = 256;
    private const int Bins = (FftLength / 2) + 1;
    private InverseStft _inverse = null!;
    private float[] _real = [];
    private float[] _imag = [];
    private float[] _audio = [];
    private float[] _interleaved = [];
    private float[] _frames = [];
    private nint _plan;
    private TorchState? _torchState;

    [Params(256)]
    public int Frames { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        _real = Fill(Bins * Frames);
        _imag = Fill(Bins * Frames);
        _interleaved = Fill(2 * Bins * Frames);
        _frames = GC.AllocateArray<float>(FftLength * Frames, pinned: true);
        _inverse = new InverseStft(new StftParameters(FftLength, HopLength, StftPadding.Center));
        _audio = new float[(Frames - 1) * HopLength];
        int n = FftLength;
        fixed (float* input = _interleaved, output = _frames)
            _plan = Fftw.fftwf_plan_many_dft_c2r(1, &n, Frames, input, null, 1, Bins, output, null, 1, FftLength, Fftw.FFTW_MEASURE);
        for (int i = 0; i < _interleaved.Length; i++)
            _interleaved[i] = random.NextSingle() - 0.5f;
        if (Torch.WhyMissing is null)
            _torchState = new TorchState(_real, _imag, Frames);

        float[] Fill(int count)
        {
            float[] values = GC.AllocateArray<float>(count, pinned: true);
            for (int i = 0; i < count; i++)
                values[i] = random.NextSingle() - 0.5f;
            return values;
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _inverse.Dispose();
        _torchState?.Dispose();
    }

    [Benchmark(Baseline = true, Description = "FFTW c2r calls alone")]
    public void FftwAlone()
    {
        // c2r destroys its input: the copy back is not part of an inverse STFT, so each run transforms what the last one left. FFTW's time does not depend on values.
        fixed (float* input = _interleaved, output = _frames)
            Fftw.fftwf_execute_dft_c2r(_plan, input, output);
    }

    [Benchmark(Description = "InverseStft from [T,F]")]
    public void FrameMajor() => _inverse.Inverse(new Spectrum(_real, _imag, SpectrumLayout.FrameMajor, Bins, Frames), _audio);

    [Benchmark(Description = "InverseStft from [F,T]")]
    public void BinsMajor() => _inverse.Inverse(new Spectrum(_real, _imag, SpectrumLayout.BinsMajor, Bins, Frames), _audio);

    [Benchmark(Description = "torch.istft from [F,T]")]
    public void TorchIstft() => (_torchState ?? throw new NotSupportedException(Torch.WhyMissing)).Run();

    /// <summary>Kept apart so that no TorchSharp type is touched where its native part is missing.</summary>
    private sealed class TorchState : IDisposable
    {
        private readonly Tensor _spectrum;
        private readonly Tensor _window = hann_window(FftLength);

        public TorchState(float[] real, float[] imag, int frames)
        {
            set_num_threads(1);
            _spectrum = complex(tensor(real, [1, Bins, frames]), tensor(imag, [1, Bins, frames]));
        }

        public void Run()
        {
            using IDisposable noGrad = no_grad();
            using Tensor audio = istft(_spectrum, FftLength, HopLength, FftLength, _window, center: true);
        }

        public void Dispose()
        {
            _spectrum.Dispose();
            _window.Dispose();
        }
    }
}
