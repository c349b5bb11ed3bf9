using System.Runtime.InteropServices;

namespace TrtVocoder.Benchmarking;

/// <summary>The machine that figures stand for.</summary>
internal sealed record Machine(string Cpu, int Cores, string Os)
{
    private const string CpuInfo = "/proc/cpuinfo";

    public static Machine This => new(ReadCpu(), Environment.ProcessorCount, RuntimeInformation.OSDescription);

    private static string ReadCpu()
    {
        if (File.Exists(CpuInfo))
            foreach (string line in File.ReadLines(CpuInfo))
                if (line.StartsWith("model name", StringComparison.Ordinal) && line.Split(':', 2) is [_, string name])
                    return name.Trim();
        return RuntimeInformation.ProcessArchitecture.ToString();
    }
}
