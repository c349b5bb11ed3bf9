using TorchSharp;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli;
using TrtVocoder.Export.Checkpoints;

namespace TrtVocoder.Baselines;

/// <summary>Times eager PyTorch as 'trtvocoder bench' times its decodes: sequentially, from a mel in an array to the result in arrays, in the same rounds.</summary>
internal static class TorchBench
{
    public static BenchResult Run(VocosCheckpoint checkpoint, string name, int threads, BenchOptions options)
    {
        if (threads > 0)
            torch.set_num_threads(threads);
        using TorchVocos vocos = new(checkpoint);
        return new BenchResult
        {
            Tool = $"TorchSharp (PyTorch {torch.__version__}) eager",
            Device = $"CPU, {torch.get_num_threads()} threads",
            Model = name,
            Machine = Machine.This,
            Runs = [.. options.Workloads.Select(workload => Run(vocos, checkpoint.Config, workload, options))],
        };
    }

    private static BenchRun Run(TorchVocos vocos, VocosConfig config, Workload workload, BenchOptions options)
    {
        (int batch, int frames) = (workload.Batch, workload.Lengths[0]);
        if (frames < 2)
            throw CliException.Usage("1 frame decodes to no samples; --frames must be 2 or more.");
        float[] mel = BenchMel.Make(batch * config.MelCount * frames);
        float[] real = new float[batch * ((config.FftLength / 2) + 1) * frames], imag = new float[real.Length];
        float[] samples = new float[batch * (frames - 1) * config.HopLength];
        TimedContender spectrum = new(workload, _ =>
        {
            using IDisposable scope = torch.NewDisposeScope();
            (torch.Tensor re, torch.Tensor im) = vocos.Spectrum(Input());
            Copy(re, real);
            Copy(im, imag);
        });
        TimedContender audio = new(workload, _ =>
        {
            using IDisposable scope = torch.NewDisposeScope();
            Copy(vocos.Audio(Input()), samples);
        });
        InterleavedRounds.Run([spectrum, audio], options.WarmUp, options.Duration, options.Iterations, options.Cancellation);
        BenchSeries times = audio.ToSeries();
        double seconds = (double)samples.Length / config.SampleRate;
        return new BenchRun
        {
            Frames = frames,
            Batch = batch,
            Series = [new(SeriesName.Spectrum, spectrum.ToSeries()), new(SeriesName.Audio, times)],
            AudioSeconds = seconds,
            RealTimeFactor = times.Times.Median / 1000 / seconds,
        };

        torch.Tensor Input() => torch.tensor(mel, [batch, config.MelCount, frames]);
    }

    private static void Copy(torch.Tensor from, float[] to) => from.contiguous().data<float>().CopyTo(to);
}
