using System.Diagnostics;
using System.Text.Json;

namespace TrtVocoder.Cli.Tests;

/// <summary>What came of running the program as a process.</summary>
internal sealed record CliRun(int ExitCode, byte[] StandardOutput, string StandardError)
{
    /// <summary>
    /// The program: beside the tests, or a published one that TRTV_TEST_PROGRAM names: a .dll, which <c>dotnet</c> runs, or the native one of
    /// './build.sh aot'.
    /// </summary>
    public static string Program { get; } =
        Environment.GetEnvironmentVariable("TRTV_TEST_PROGRAM") is { Length: > 0 } path ? Path.GetFullPath(path) : Path.Combine(AppContext.BaseDirectory, "TrtVocoder.Cli.dll");

    /// <summary>Where the program lies.</summary>
    public static string ProgramFolder { get; } = Path.GetDirectoryName(Program)!;

    /// <summary>Whether the program is native code in one piece.</summary>
    public static bool IsNative { get; } = !IsManaged(Program);

    /// <summary>Standard output as text.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(StandardOutput);

    /// <summary>Standard output as one JSON object.</summary>
    public JsonElement Json => JsonDocument.Parse(StandardOutput).RootElement;

    /// <summary>Runs the program in a folder; <paramref name="input"/> goes to its standard input.</summary>
    public static CliRun Run(string folder, byte[]? input, params string[] arguments) => Run(folder, input, [], arguments);

    public static CliRun Run(string folder, byte[]? input, (string Name, string Value)[] environment, params string[] arguments) =>
        Run(Program, folder, input, environment, null, arguments);

    /// <summary>The same for a copy of the program; <paramref name="meanwhile"/> is called while it runs.</summary>
    public static CliRun Run(
        string program, string folder, byte[]? input, (string Name, string Value)[] environment, Action<Process>? meanwhile, params string[] arguments)
    {
        ProcessStartInfo start = new(Command(program)[0], [.. Command(program)[1..], .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("TRTV_DEBUG");
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<byte[]> output = Task.Run(() =>
        {
            MemoryStream copy = new();
            process.StandardOutput.BaseStream.CopyTo(copy);
            return copy.ToArray();
        });
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (input is not null)
            process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        meanwhile?.Invoke(process);
        process.WaitForExit();
        return new CliRun(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>What starts a program.</summary>
    public static string[] Command(string program) => IsManaged(program) ? ["dotnet", program] : [program];

    private static bool IsManaged(string program) => program.EndsWith(".dll", StringComparison.Ordinal);

    /// <summary>Asserts success and passes the run on.</summary>
    public CliRun Succeeds()
    {
        Assert.That(ExitCode, Is.Zero, $"{StandardError}{Text}");
        return this;
    }

    /// <summary>Asserts a failure of that kind: one sentence that holds the words, nothing on standard output, no stack trace.</summary>
    public void FailsWith(int exitCode, params string[] words)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ExitCode, Is.EqualTo(exitCode), StandardError);
            Assert.That(StandardOutput, Is.Empty);
            string[] lines = [.. StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("note: "))];
            Assert.That(lines, Has.Length.EqualTo(1), StandardError);
            Assert.That(lines[0], Does.StartWith("trtvocoder: ").And.EndsWith("."));
            Assert.That(StandardError, Does.Not.Contain("   at ").And.Not.Contain("Exception"));
            foreach (string word in words)
                Assert.That(lines[0], Does.Contain(word));
        }
    }
}
