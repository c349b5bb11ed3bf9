using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Dsp;
using static TorchSharp.torch;

namespace TrtVocoder.Benchmarks;

/// <summary>One random spectrum (n_fft 1024, hop 256, center) and the ways to bring it back to samples, or to transform as many frames and no more.</summary>
internal sealed unsafe class IstftCase : IDisposable
{
    private const int FftLength = 1024;
    private const int HopLength = 256;
    private const int Alignment = 64;
    private const int Bins = (FftLength / 2) + 1;
    private readonly int _frames;
    private readonly float[] _real;
    private readonly float[] _imag;
    private readonly float* _interleaved;
    private readonly float* _output;
    private readonly float[] _audio;
    private readonly nint _plan;
    private readonly Stack<IDisposable> _owned = new();

    public IstftCase(int frames)
    {
        _frames = frames;
        _real = Random(1, Bins * frames);
        _imag = Random(2, Bins * frames);
        _interleaved = (float*)NativeMemory.AlignedAlloc((nuint)(2 * Bins * frames * sizeof(float)), Alignment);
        _output = (float*)NativeMemory.AlignedAlloc((nuint)(FftLength * frames * sizeof(float)), Alignment);
        _audio = new float[(frames - 1) * HopLength];
        int n = FftLength;
        _plan = Fftw.fftwf_plan_many_dft_c2r(1, &n, frames, _interleaved, null, 1, Bins, _output, null, 1, FftLength, Fftw.FFTW_MEASURE);
        Random(3, 2 * Bins * frames).CopyTo(new Span<float>(_interleaved, 2 * Bins * frames));
    }

    /// <summary>
    /// The bare c2r calls on all frames, by a measured plan. They destroy their input, and copying it back is no part of an inverse STFT: each
    /// run transforms what the last one left, which takes FFTW no longer.
    /// </summary>
    public void FftwAlone() => Fftw.fftwf_execute_dft_c2r(_plan, _interleaved, _output);

    /// <summary>This library's, on up to <paramref name="threads"/> threads.</summary>
    public Action Ours(SpectrumLayout layout, int threads = 1)
    {
        InverseStft inverse = Own(new InverseStft(new StftParameters(FftLength, HopLength, StftPadding.Center), threads));
        return () => inverse.Inverse(new Spectrum(_real, _imag, layout, Bins, _frames), _audio);
    }

    /// <summary>torch.istft on one thread.</summary>
    /// <param name="fromParts">Whether the complex spectrum is first put together from its parts, as a network puts them out.</param>
    public Action PyTorch(bool fromParts)
    {
        set_num_threads(1);
        Tensor real = Own(tensor(_real, [1, Bins, _frames]));
        Tensor imag = Own(tensor(_imag, [1, Bins, _frames]));
        Tensor spectrum = Own(complex(real, imag));
        Tensor window = Own(hann_window(FftLength));
        return () =>
        {
            using IDisposable scope = NewDisposeScope();
            using IDisposable noGrad = no_grad();
            istft(fromParts ? complex(real, imag) : spectrum, FftLength, HopLength, FftLength, window, center: true);
        };
    }

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
            owned.Dispose();
        Fftw.fftwf_destroy_plan(_plan);
        NativeMemory.AlignedFree(_interleaved);
        NativeMemory.AlignedFree(_output);
    }

    private T Own<T>(T value)
        where T : IDisposable
    {
        _owned.Push(value);
        return value;
    }

    private static float[] Random(int seed, int count)
    {
        Random random = new(seed);
        float[] values = GC.AllocateArray<float>(count, pinned: true);
        for (int i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}
