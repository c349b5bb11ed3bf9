using System.Globalization;
using System.Runtime.InteropServices;

namespace TrtVocoder.Cli.Benchmarking;

/// <summary>The machine that figures stand for.</summary>
internal sealed record Machine(string Cpu, int Cores, string Os)
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string LoadAverage = "/proc/loadavg";

    public static Machine This => new(ReadCpu(), Environment.ProcessorCount, RuntimeInformation.OSDescription);

    /// <summary>Work that was waiting for the cores over the last minute; null where the system does not tell.</summary>
    public static double? Load =>
        File.Exists(LoadAverage) && double.TryParse(File.ReadAllText(LoadAverage).Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double load) ? load : null;

    private static string ReadCpu()
    {
        if (File.Exists(CpuInfo))
            foreach (string line in File.ReadLines(CpuInfo))
                if (line.StartsWith("model name", StringComparison.Ordinal) && line.Split(':', 2) is [_, string name])
                    return name.Trim();
        return RuntimeInformation.ProcessArchitecture.ToString();
    }
}
