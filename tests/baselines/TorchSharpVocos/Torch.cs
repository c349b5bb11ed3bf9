using System.Runtime.InteropServices;
using TorchSharp;

namespace TrtVocoder.Baselines;

/// <summary>Whether PyTorch's native part can be used here. It needs GLIBCXX_3.4.32: the libstdc++6 of Debian 13 or Ubuntu 24.04.</summary>
internal static class Torch
{
    /// <summary>Null where TorchSharp works, otherwise one sentence.</summary>
    public static string? WhyMissing { get; } = Probe();

    private static string? Probe()
    {
        // Asked for what it cannot load, TorchSharp copies a gigabyte together from the package folder before it gives up: each library is tried here first.
        string[] folders = [AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native")];
        if (Array.Find(folders, folder => File.Exists(Path.Combine(folder, "libtorch_cpu.so"))) is not { } folder)
            return "libtorch is not built in; build with -p:WithLibTorch=true.";
        try
        {
            foreach (string library in (string[])["libtorch_cpu.so", "libLibTorchSharp.so"])
                NativeLibrary.Load(Path.Combine(folder, library));
            using torch.Tensor one = torch.ones(1);
            return null;
        }
        catch (Exception error) when (error is TypeInitializationException or NotSupportedException or DllNotFoundException)
        {
            string cause = error.GetBaseException().Message;
            return cause.Contains("GLIBCXX", StringComparison.Ordinal) ? "it needs a newer libstdc++ (GLIBCXX_3.4.32: Debian 13, Ubuntu 24.04)." : cause.Split('\n')[0];
        }
    }
}
