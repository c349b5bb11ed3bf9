using System.Globalization;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Running;

/// <summary>
/// Refuses what cannot fit before it is tried: where memory ends within native code, or the system ends the process, there is nobody left
/// to say a sentence.
/// </summary>
internal static class Memory
{
    private const long PageBytes = 4096;

    // ONNX Runtime's library and what it reserves; the stack of each of its threads.
    private static readonly long RuntimeBytes = (96L + (16L * Environment.ProcessorCount)) << 20;

    /// <summary>Refuses to load ONNX Runtime into an address space (ulimit -v) that has no room for it.</summary>
    public static unsafe void ThrowIfAddressSpaceIsShort()
    {
        ulong* limits = stackalloc ulong[2];
        if (!OperatingSystem.IsLinux() || LibC.GetLimit(LibC.AddressSpace, limits) != 0 || limits[0] > long.MaxValue)
            return;
        // "488512 2041 …": pages.
        string[] sizes = File.ReadAllText("/proc/self/statm").Split(' ');
        long used = PageBytes * long.Parse(sizes[0], CultureInfo.InvariantCulture), limit = (long)limits[0];
        if (limit - used < RuntimeBytes)
            throw Short($"this process may use {Megabytes(limit)} MB of address space (ulimit -v), and {Megabytes(used)} MB are taken "
                + $"before the model is loaded, which needs {Megabytes(RuntimeBytes)} MB more");
    }

    /// <summary>Refuses a run of the network whose inputs and outputs alone are more than the memory there is.</summary>
    /// <param name="name">What is decoded.</param>
    /// <param name="frames">Frames of the run.</param>
    /// <param name="valuesPerFrame">Values in and out of the network a frame.</param>
    public static void ThrowIfTooLarge(string name, long frames, long valuesPerFrame)
    {
        // A container's share for managed memory is three quarters of its limit.
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 3 * 4, needed = frames * valuesPerFrame * sizeof(float);
        if (needed > available)
            throw Short($"decoding the {frames} frames of {name} at once takes more than {Megabytes(needed)} MB, and there are "
                + $"{Megabytes(available)}; --chunk-frames 1024 decodes them piece by piece, to the same result");
    }

    private static CliException Short(string message) => new(ExitCode.OutOfMemory, $"There is not enough memory: {message}.");

    private static string Megabytes(long bytes) => (bytes >> 20).ToString(CultureInfo.InvariantCulture);
}
