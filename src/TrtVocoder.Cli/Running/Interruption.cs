using System.Runtime.InteropServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Running;

/// <summary>
/// Ctrl-C, SIGTERM and SIGHUP. A command that watches is told to stop and ends by itself; any other, and one that is told twice, ends at
/// once. Either way nothing temporary stays. A signal that the caller had turned off (nohup) stays off. A file that grows beyond the
/// caller's limit (ulimit -f, SIGXFSZ) is a write that fails, not the end.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _say;
    private volatile bool _isWatched;
    private volatile bool _isEnding;

    /// <param name="say">Says a sentence on standard error.</param>
    public Interruption(Action<string> say)
    {
        _say = say;
        ulong ignored = ReadIgnoredSignals();
        foreach ((PosixSignal signal, int number) in (ReadOnlySpan<(PosixSignal, int)>)[(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15)])
            if ((ignored & (1UL << (number - 1))) == 0)
                _registrations.Add(PosixSignalRegistration.Create(signal, Stop));
        // Not as .NET's registrations are, whose handlers run later on another thread: by then the program may be ending, and die of it.
        if (OperatingSystem.IsLinux())
            LibC.SetSignalHandler(LibC.FileTooLarge, LibC.Ignore);
    }

    /// <summary>Hands the decision to the command.</summary>
    public CancellationToken Watch()
    {
        _isWatched = true;
        return _source.Token;
    }

    /// <summary>
    /// Waits for the end where the process is ending: what fails meanwhile, because temporary files are gone, is no news.
    /// </summary>
    public void WaitIfEnding()
    {
        if (_isEnding)
            Thread.Sleep(Timeout.Infinite);
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        bool again = _source.IsCancellationRequested;
        _source.Cancel();
        if (_isWatched && !again)
            return;
        _isEnding = true;
        TemporaryFiles.DeleteAll();
        _say("Cancelled.");
        // Other threads are inside native libraries, whose destructors exit would run beneath them.
        if (OperatingSystem.IsLinux())
            LibC.Exit(ExitCode.Cancelled);
        Environment.Exit(ExitCode.Cancelled);
    }

    // "SigIgn:\t0000000000001000", bit 0 is signal 1.
    private static ulong ReadIgnoredSignals()
    {
        const string Name = "SigIgn:";
        if (!OperatingSystem.IsLinux())
            return 0;
        try
        {
            string line = File.ReadLines("/proc/self/status").FirstOrDefault(
                line => line.StartsWith(Name, StringComparison.Ordinal), Name + "0");
            return Convert.ToUInt64(line[Name.Length..].Trim(), 16);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
