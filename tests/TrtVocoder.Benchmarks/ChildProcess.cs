using System.Diagnostics;

namespace TrtVocoder.Benchmarks;

/// <summary>Runs this program again in a process of its own, where nothing that was done before counts.</summary>
internal static class ChildProcess
{
    /// <summary>Runs it with these arguments and this console; returns its exit code.</summary>
    public static int Run(params IEnumerable<string> arguments)
    {
        string program = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using Process child = Process.Start(new ProcessStartInfo(program, [.. own, .. arguments]) { UseShellExecute = false })!;
        child.WaitForExit();
        return child.ExitCode;
    }
}
