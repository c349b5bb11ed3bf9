using BenchmarkDotNet.Attributes;
using TrtVocoder.Dsp;

namespace TrtVocoder.Benchmarks;

/// <summary>Samples to mel spectrogram, one thread: 3 s of 24 kHz audio.</summary>
public class MelBenchmarks
{
    private const int Samples = 72_000;
    private readonly float[] _audio = new float[Samples];
    private MelSpectrogram _transform = null!;
    private float[] _mel = [];

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(3);
        for (int i = 0; i < _audio.Length; i++)
            _audio[i] = random.NextSingle() - 0.5f;
        _transform = new MelSpectrogram(new StftParameters(1024, 256, StftPadding.Center), sampleRate: 24_000, melCount: 100, floor: 1e-7f);
        _mel = new float[100 * _transform.GetFrameCount(Samples)];
    }

    [GlobalCleanup]
    public void Cleanup() => _transform.Dispose();

    [Benchmark(Description = "MelSpectrogram, 3 s")]
    public void Mel() => _transform.Compute(_audio, _mel);
}
