using System.Diagnostics;
using System.Globalization;
using System.Text;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Soak;

/// <summary>examples/web-service as a process of its own, on a free port of the loopback.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProcess(Process process) => _process = process;

    /// <summary>Where it listens.</summary>
    public Uri Address => _address.Task.Result;

    /// <summary>What it has logged.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Threads of the process.</summary>
    public int Threads => (int)ReadStatus("Threads");

    /// <summary>Memory of the process in MiB: what is resident and its own.</summary>
    public double ResidentMiB => ReadStatus("RssAnon") / 1024.0;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="model">The model's file.</param>
    /// <param name="settings">More of its configuration: TrtVocoder:Sessions=1.</param>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; the message has its log.</exception>
    public static async Task<ServiceProcess> StartAsync(string model, params string[] settings)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = Path.Combine(TestPaths.Root, "examples", "web-service"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "web-service.dll"), "--urls", "http://127.0.0.1:0", $"--TrtVocoder:Model={model}",
            },
        };
        foreach (string setting in settings)
            start.ArgumentList.Add($"--{setting}");
        ServiceProcess service = new(new Process { StartInfo = start, EnableRaisingEvents = true });
        service._process.OutputDataReceived += (_, line) => service.Take(line.Data);
        service._process.ErrorDataReceived += (_, line) => service.Take(line.Data);
        service._process.Exited += (_, _) => service._address.TrySetException(new InvalidOperationException("The service ended."));
        service._process.Start();
        service._process.BeginOutputReadLine();
        service._process.BeginErrorReadLine();
        try
        {
            await service._address.Task.WaitAsync(StartLimit);
            return service;
        }
        catch (Exception error)
        {
            await service.DisposeAsync();
            throw new InvalidOperationException($"The service did not start: {error.Message}\n{service.Log}", error);
        }
    }

    /// <summary>Asks it to end, as a container's host does.</summary>
    public async Task TerminateAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end, and gives its exit code.</summary>
    /// <exception cref="TimeoutException">It runs on.</exception>
    public async Task<int> WaitForEndAsync(TimeSpan limit)
    {
        await _process.WaitForExitAsync().WaitAsync(limit);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
        int at = line.IndexOf(Listening, StringComparison.Ordinal);
        if (at >= 0)
            _address.TrySetResult(new Uri(line[(at + Listening.Length)..]));
    }

    private long ReadStatus(string name)
    {
        string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
