using System.Globalization;
using TrtVocoder.Fuzz;

// Parent and worker are the same program: where a reader ends the process or hangs, the parent is left to say over which input.
FuzzOptions options = FuzzOptions.Parse(args);
if (options.Replay is { } file)
{
    Verdict verdict = Verdict.Judge(options.Targets[0], File.ReadAllBytes(file));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {verdict.Fault ?? (verdict.IsAccepted ? "read" : "refused")}, {verdict.AllocatedBytes} bytes allocated"));
    return verdict.Fault is null ? 0 : 1;
}
return options.IsWorker ? FuzzRun.Work(options) : FuzzRun.Watch(options, args);
