using TorchSharp;

namespace TrtVocoder.Benchmarks;

/// <summary>Whether PyTorch's native part can be used here. It needs GLIBCXX_3.4.32: the libstdc++6 of Debian 13 or Ubuntu 24.04.</summary>
internal static class Torch
{
    /// <summary>Null where TorchSharp works, otherwise one sentence.</summary>
    public static string? WhyMissing { get; } = Probe();

    private static string? Probe()
    {
        // Asked for what is not there, TorchSharp copies a gigabyte together from the package folder before it gives up.
        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, "libtorch_cpu.so")) && !File.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libtorch_cpu.so")))
            return "libtorch is not built in; build with -p:WithLibTorch=true.";
        try
        {
            using torch.Tensor one = torch.ones(1);
            return null;
        }
        catch (Exception e) when (e is TypeInitializationException or NotSupportedException or DllNotFoundException)
        {
            Exception cause = e.GetBaseException();
            return cause.Message.Split('\n')[0];
        }
    }
}
