using System.CommandLine;
using TrtVocoder;
using TrtVocoder.Baselines;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Export.Checkpoints;

Argument<string?> folder = new("CHECKPOINT_DIR") { Description = "Folder with config.yaml and weights.", Arity = ArgumentArity.ZeroOrOne };
Option<string?> random = new("--random") { Description = "DIM,INTERMEDIATE,LAYERS: random weights instead of a checkpoint; the published model's size is 512,1536,8." };
Option<string> frames = new("--frames") { Description = "Lengths to decode.", DefaultValueFactory = _ => "64,256,512" };
Option<int> batch = new("--batch") { Description = "Items of every call.", DefaultValueFactory = _ => 1 };
Option<int> threads = new("--threads") { Description = "CPU threads; 0: PyTorch's choice.", DefaultValueFactory = _ => 0 };
Option<double> warmUp = new("--warm-up") { Description = "Milliseconds of each series before it is measured.", DefaultValueFactory = _ => 200 };
Option<double> duration = new("--duration") { Description = "Seconds of each series.", DefaultValueFactory = _ => 3 };
Option<int> iterations = new("--iterations") { Description = "Calls that are measured at least.", DefaultValueFactory = _ => 10 };
RootCommand command = new("Vocos in eager PyTorch by TorchSharp, timed: prints one JSON object in the form of 'trtvocoder bench --json' (docs/cli.md), which 'trtvocoder bench MODEL --against' reads.")
{
    folder, random, frames, batch, threads, warmUp, duration, iterations,
};
command.SetAction(result =>
{
    CommandOutput output = new(isJson: true);
    try
    {
        if (Torch.WhyMissing is { } reason)
            throw new NativeLibraryException("PyTorch", $"PyTorch's native part cannot be used: {reason}", []);
        VocosCheckpoint checkpoint = Checkpoints.Load(result.GetValue(folder), result.GetValue(random));
        BenchOptions options = new()
        {
            Workloads = [.. LengthList.ParseOption(frames.Name, result.GetValue(frames)!).Distinct().Select(length => new Workload([length], Math.Max(1, result.GetValue(batch)), null))],
            WarmUp = TimeSpan.FromMilliseconds(result.GetValue(warmUp)),
            Duration = TimeSpan.FromSeconds(result.GetValue(duration)),
            Iterations = result.GetValue(iterations),
        };
        BenchResult measured = TorchBench.Run(checkpoint, result.GetValue(folder) ?? result.GetValue(random)!, result.GetValue(threads), options);
        output.Json(writer => BenchJson.Write(writer, measured));
        return ExitCode.Success;
    }
    catch (Exception error) when (error is TrtVocoderException or CliException or FormatException or IOException or UnauthorizedAccessException)
    {
        Failure failure = error is FormatException ? new Failure(ExitCode.Usage, error.Message) : Failure.Of(error);
        Console.Error.WriteLine($"TorchSharpVocos: {failure.Sentence}");
        return failure.ExitCode;
    }
});
ParseResult parsed = command.Parse(args);
int status = parsed.Invoke();
return parsed.Errors.Count > 0 ? ExitCode.Usage : status;
