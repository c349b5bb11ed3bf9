using System.Diagnostics;
using TrtVocoder.Dsp;

namespace TrtVocoder.Benchmarks;

/// <summary>`istft-ratios [PLOT.png]`: the inverse STFT against bare FFTW calls, torch.istft and itself on more threads, in turns. Quicker than BenchmarkDotNet and steady on a busy machine.</summary>
internal static class IstftRatios
{
    private const int Samples = 15;
    private const double LimitSeconds = 60;

    public static int Run(string? plot)
    {
        int threads = Math.Min(4, Environment.ProcessorCount);
        foreach (int frames in new[] { 256, 4096 })
        {
            using IstftCase istft = new(frames);
            Interleaved times = new();
            times.Add($"{frames} frames, FFTW c2r calls alone", istft.FftwAlone);
            times.Add($"{frames} frames from [T,F], 1 thread", istft.Ours(SpectrumLayout.FrameMajor));
            times.Add($"{frames} frames from [F,T], 1 thread", istft.Ours(SpectrumLayout.BinsMajor));
            times.Add($"{frames} frames from [T,F], {threads} threads", istft.Ours(SpectrumLayout.FrameMajor, threads));
            times.Add($"{frames} frames from [F,T], {threads} threads", istft.Ours(SpectrumLayout.BinsMajor, threads));
            times.Add($"{frames} frames from [T,F], {threads} threads, 1 ms later", istft.Ours(SpectrumLayout.FrameMajor, threads), WaitMillisecond);
            if (Torch.WhyMissing is null)
            {
                times.Add($"{frames} frames, torch.istft, 1 thread", istft.PyTorch(fromParts: false));
                times.Add($"{frames} frames, torch.complex and istft, 1 thread", istft.PyTorch(fromParts: true));
            }
            times.Run(Samples, LimitSeconds);
            times.Print(Console.Out);
            if (plot is not null && frames == 256)
                times.Draw(plot, "inverse STFT of 256 frames (n_fft 1024, hop 256)");
        }
        return 0;
    }

    /// <summary>What a caller does while a GPU computes: helper threads fall asleep meanwhile.</summary>
    private static void WaitMillisecond()
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1)
            Thread.SpinWait(10);
    }
}
