using System.Diagnostics;
using System.Globalization;

namespace TrtVocoder.Benchmarks;

/// <summary>Runs this program again in a process of its own, where nothing that was done before counts.</summary>
internal static class ChildProcess
{
    /// <summary>Runs it with these arguments and reads the numbers that it writes on its only line; none where it wrote no numbers.</summary>
    public static double[] Measure(params IEnumerable<string> arguments)
    {
        string program = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using Process child = Process.Start(new ProcessStartInfo(program, [.. own, .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        string[] fields = output.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.All(field => double.TryParse(field, CultureInfo.InvariantCulture, out _))
            ? [.. fields.Select(field => double.Parse(field, CultureInfo.InvariantCulture))]
            : [];
    }

    /// <summary>Writes numbers for <see cref="Measure"/>.</summary>
    public static void Report(params IEnumerable<double> values) =>
        Console.WriteLine(string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture))));
}
