using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace TrtVocoder.Fuzz;

/// <summary>A run over all targets in turns: executions, seconds and findings of each, and the inputs of findings as files.</summary>
internal static class FuzzRun
{
    private const int ProgressBytes = 16;
    private const double HangSeconds = 30;

    /// <summary>Starts the worker and looks after it.</summary>
    public static int Watch(FuzzOptions options, string[] args)
    {
        string progressPath = Path.GetTempFileName();
        using MemoryMappedFile progress = MemoryMappedFile.CreateFromFile(progressPath, FileMode.Open, null, ProgressBytes);
        using MemoryMappedViewAccessor view = progress.CreateViewAccessor(0, ProgressBytes);
        using Process worker = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. args, "--worker", progressPath]))!;
        try
        {
            long last = -1;
            for (long since = Stopwatch.GetTimestamp(); !worker.WaitForExit(500);)
            {
                long now = view.ReadInt64(8);
                if (now != last)
                    (last, since) = (now, Stopwatch.GetTimestamp());
                else if (Stopwatch.GetElapsedTime(since).TotalSeconds > HangSeconds)
                    worker.Kill();
            }
            if (worker.ExitCode is 0 or 1)
                return worker.ExitCode;
            FuzzTarget target = options.Targets[view.ReadInt32(0)];
            byte[] input = target.MakeInput(options.Seed, view.ReadInt64(8));
            Console.WriteLine($"finding: {target.Name}: the process hung or ended with {worker.ExitCode} over {Keep(target, input)}");
            Console.WriteLine("the run was cut short, 1 finding");
            return 1;
        }
        finally
        {
            File.Delete(progressPath);
        }
    }

    /// <summary>Runs the targets.</summary>
    public static int Work(FuzzOptions options)
    {
        using MemoryMappedFile progress = MemoryMappedFile.CreateFromFile(options.ProgressPath!, FileMode.Open, null, ProgressBytes);
        using MemoryMappedViewAccessor view = progress.CreateViewAccessor(0, ProgressBytes);
        Tally[] tallies = [.. options.Targets.Select(target => new Tally(target))];
        double weights = options.Targets.Sum(target => target.Weight);
        long start = Stopwatch.GetTimestamp();
        // In slices, so that a slow reader takes no time from the others.
        double slice = options.Executions is null ? Math.Min(1, options.Seconds / options.Targets.Count) : 5;
        bool isDone = false;
        for (int round = 0; !isDone; round++)
        {
            isDone = true;
            for (int index = 0; index < tallies.Length; index++)
            {
                Tally tally = tallies[index];
                long from = Stopwatch.GetTimestamp();
                view.Write(0, index);
                while (options.Executions is { } most ? tally.Executions < most * tally.Target.Weight / weights : tally.Seconds + Stopwatch.GetElapsedTime(from).TotalSeconds < options.Seconds / tallies.Length)
                {
                    isDone = false;
                    view.Write(8, tally.Executions);
                    tally.Run(options.Seed, Stopwatch.GetElapsedTime(from).TotalSeconds);
                    if (Stopwatch.GetElapsedTime(from).TotalSeconds > slice)
                        break;
                }
                tally.Seconds += Stopwatch.GetElapsedTime(from).TotalSeconds;
            }
        }
        Console.WriteLine($"{"target",-16}{"executions",12}{"read",12}{"seconds",10}{"peak MiB",10}{"findings",10}");
        foreach (Tally tally in tallies)
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Target.Name,-16}{tally.Executions,12}{tally.Accepted,12}{tally.Seconds,10:0.0}{tally.MaxAllocated / 1048576.0,10:0.0}{tally.Findings,10}"));
        int findings = tallies.Sum(tally => tally.Findings);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{tallies.Sum(tally => tally.Executions)} executions, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} seconds, {findings} findings"));
        int failed = tallies.Count(tally => tally.Findings > 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tallies.Length - failed} passed, {failed} failed, 0 skipped"));
        return findings == 0 ? 0 : 1;
    }

    private static string Keep(FuzzTarget target, byte[] input)
    {
        Directory.CreateDirectory(FuzzOptions.Folder);
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..8];
        string path = Path.Combine(FuzzOptions.Folder, $"{target.Name}-{hash}.bin");
        File.WriteAllBytes(path, input);
        return $"{path} ({input.Length} bytes); again by: --target {target.Name} --replay {path}";
    }

    private sealed class Tally(FuzzTarget target)
    {
        private readonly HashSet<string> _faults = [];

        public FuzzTarget Target => target;

        public long Executions { get; private set; }

        public long Accepted { get; private set; }

        public long MaxAllocated { get; private set; }

        public double Seconds { get; set; }

        public int Findings => _faults.Count;

        public void Run(int seed, double secondsOfSlice)
        {
            byte[] input = target.MakeInput(seed, Executions++);
            Verdict verdict = Verdict.Judge(target, input);
            Accepted += verdict.IsAccepted ? 1 : 0;
            MaxAllocated = Math.Max(MaxAllocated, verdict.AllocatedBytes);
            // One report for each kind of fault: its words without its numbers.
            if (verdict.Fault is { } fault && _faults.Add(string.Concat(fault.Where(letter => !char.IsAsciiDigit(letter)))))
                Console.WriteLine($"finding: {target.Name}: {fault} over {Keep(target, input)} after {(Seconds + secondsOfSlice).ToString("0.0", CultureInfo.InvariantCulture)} s");
        }
    }
}
