using System.Globalization;
using BenchmarkDotNet.Running;
using TrtVocoder.Benchmarks;
using TrtVocoder.TestSupport;

// Arguments that are a number or a picture may follow the verb in any order.
int? number = args.Skip(1).Select(text => int.TryParse(text, CultureInfo.InvariantCulture, out int value) ? value : (int?)null).FirstOrDefault(value => value is not null);
string? plot = args.Skip(1).FirstOrDefault(text => text.EndsWith(".png", StringComparison.Ordinal));
switch (args)
{
    case ["istft-ratios", ..]:
        return IstftRatios.Run(plot);
    case ["cpu-settings", ..]:
        return CpuSettings.Run(number ?? 256, plot);
    case ["cpu-decode", ..]:
        return CpuDecode.Run(number ?? 256);
    case ["decode-ratios", ..]:
        return DecodeRatios.Run(plot);
    case ["length", ..]:
        return LengthRuns.Run(number, plot);
    case ["length-of", string path, string seconds, string window]:
        return LengthRuns.RunOne(path, Parse(seconds), Parse(window));
    case ["window-sizes", ..]:
        return WindowSizes.Run(plot);
    case ["matmul-floor"]:
        return MatmulFloor.Run();
    case ["parallel-runs"]:
        return ParallelRuns.Run();
    case ["shared-runs", ..]:
        return SharedRuns.Run(number ?? 16);
    case ["peak-memory", ..]:
        return PeakMemory.Run(number ?? 256);
    case ["peak-memory-of", string decoder, string model, string frames]:
        return PeakMemory.RunOne(decoder, model, Parse(frames));
    case ["checkpoint", string folder]:
        RandomCheckpoint.Create(RandomCheckpoint.FullSize).Save(folder, overwrite: true);
        return 0;
    default:
        Console.WriteLine(Torch.WhyMissing is { } reason ? $"TorchSharp is left out: {reason}" : "TorchSharp takes part.");
        BenchmarkSwitcher.FromAssembly(typeof(Torch).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, new InProcessConfig());
        return 0;
}

static int Parse(string text) => int.Parse(text, CultureInfo.InvariantCulture);
