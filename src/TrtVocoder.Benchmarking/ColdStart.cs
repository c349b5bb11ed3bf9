using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace TrtVocoder.Benchmarking;

/// <summary>
/// Starts of this program, from just before its process is made to its first samples. Each start is a process of its own that is told the
/// moment of its making; the system's clock is the same for all processes. Files are in the system's cache except, perhaps, at the first start.
/// </summary>
internal static class ColdStart
{
    /// <summary>The steps in their order.</summary>
    public static readonly IReadOnlyList<(string Name, string ForPeople)> Steps =
    [
        ("runtime_ms", "process and .NET runtime"),
        ("arguments_ms", "command line"),
        ("model_ms", "model loaded"),
        ("session_ms", "session made"),
        ("first_decode_ms", "first decode"),
    ];

    public const string Total = "first_sample_ms";
    public const string SecondDecode = "second_decode_ms";

    /// <summary>Starts the program again and again with its own arguments and <paramref name="childOption"/>.</summary>
    public static BenchRun Run(string childOption, Workload workload, int launches, CancellationToken cancellation)
    {
        string[] names = [.. Steps.Select(step => step.Name), Total, SecondDecode];
        List<double>[] series = [.. names.Select(_ => new List<double>())];
        for (int launch = 0; launch < launches; launch++)
        {
            using JsonDocument child = JsonDocument.Parse(Launch(childOption, cancellation));
            for (int i = 0; i < names.Length; i++)
                series[i].Add(child.RootElement.GetProperty(names[i]).GetDouble());
        }
        return new BenchRun
        {
            Frames = workload.Lengths[0],
            Batch = workload.Batch,
            Mode = "cold start",
            Series = [.. names.Select((name, i) => KeyValuePair.Create(name, BenchSeries.Of(series[i])))],
        };
    }

    private static string Launch(string childOption, CancellationToken cancellation)
    {
        ProcessStartInfo info = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(info.FileName) == "dotnet")
            info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, Assembly.GetEntryAssembly()!.GetName().Name + ".dll"));
        foreach (string argument in Environment.GetCommandLineArgs().Skip(1).Where(argument => argument != "--json"))
            info.ArgumentList.Add(argument);
        info.ArgumentList.Add(childOption);
        info.ArgumentList.Add(Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture));
        using Process process = Process.Start(info)!;
        using CancellationTokenRegistration stop = cancellation.Register(process.Kill);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode == 0 ? output : throw new FailedStartException(process.ExitCode, Sentence(error.Result));
    }

    // "trtvocoder: There is no model x.": the last line, as the child said it.
    private static string Sentence(string error)
    {
        string line = error.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("The program ended without a word when it was started.");
        return line[(line.IndexOf(": ", StringComparison.Ordinal) is > 0 and int colon && line.StartsWith("trtvocoder", StringComparison.Ordinal) ? colon + 2 : 0)..];
    }
}

/// <summary>A start of the program failed: the child's exit code and its sentence.</summary>
internal sealed class FailedStartException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
