using System.Globalization;
using BenchmarkDotNet.Running;
using TrtVocoder.Benchmarks;

switch (args)
{
    case ["istft-ratios"]:
        return IstftRatios.Run();
    case ["cpu-settings", ..]:
        return CpuSettings.Run(FramesOr(256));
    case ["cpu-decode", ..]:
        return CpuDecode.Run(FramesOr(256));
    case ["length", ..]:
        return LengthRuns.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : null);
    case ["length-of", string path, string seconds, string window]:
        return LengthRuns.RunOne(path, int.Parse(seconds, CultureInfo.InvariantCulture), int.Parse(window, CultureInfo.InvariantCulture));
    case ["window-sizes"]:
        return WindowSizes.Run();
    case ["decode-ratios"]:
        return DecodeRatios.Run();
    case ["matmul-floor"]:
        return MatmulFloor.Run();
    case ["parallel-runs"]:
        return ParallelRuns.Run();
    case ["peak-memory", ..]:
        return PeakMemory.Run(FramesOr(256));
    case ["peak-memory-of", string decoder, string model, string frames]:
        return PeakMemory.RunOne(decoder, model, int.Parse(frames, CultureInfo.InvariantCulture));
    default:
        Console.WriteLine(Torch.WhyMissing is { } reason ? $"TorchSharp is left out: {reason}" : "TorchSharp takes part.");
        BenchmarkSwitcher.FromAssembly(typeof(Torch).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, new InProcessConfig());
        return 0;
}

int FramesOr(int otherwise) => args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : otherwise;
