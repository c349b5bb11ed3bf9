using BenchmarkDotNet.Running;
using TrtVocoder.Benchmarks;

if (args is ["peak-memory", string decoder])
    return PeakMemory.Run(decoder);
if (args is ["istft-ratios", ..])
    return IstftRatios.Run();

Console.WriteLine(Torch.WhyMissing is { } reason ? $"TorchSharp is left out: {reason}" : "TorchSharp takes part.");
BenchmarkSwitcher.FromAssembly(typeof(Torch).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, new InProcessConfig());
return 0;
