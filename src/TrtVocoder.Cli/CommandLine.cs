using System.CommandLine;
using System.CommandLine.Help;
using System.Diagnostics;
using TrtVocoder.Cli.Commands;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli;

/// <summary>
/// The program: its commands, what is common to all of them, and how every failure becomes one sentence and an exit code.
/// </summary>
internal sealed class CommandLine
{
    // In the order of the help.
    private static readonly CommandEntry[] Entries =
    [
        new("synth", "Turn mels, or WAV files by copy synthesis, into speech.", () => new SynthCommand()),
        new("mel", "Compute the mel spectrogram of a WAV file.", () => new MelCommand()),
        new("export", "Turn a checkpoint into an ONNX model, without Python.", () => new ExportCommand()),
        new(
            "build", "Build a TensorRT engine, on the machine and GPU that will run it. Takes seconds to minutes.",
            () => new BuildCommand()),
        new(
            "triton", "Write a model for Triton Inference Server, which serves many users at once: docs/triton.md.",
            () => new TritonCommand()),
        new("info", "Say what a model, checkpoint, WAV file or array holds.", () => new InfoCommand()),
        new("compare", "Measure how far one sound, or one model's output, is from another.", () => new CompareCommand()),
        new(
            "bench", "Measure decodes: where the time goes, how it spreads, and whether one model is faster than another.",
            () => new BenchCommand()),
        new(
            "doctor", "Say what is installed, what is missing and what to do. Exit code 0: decoding on the CPU works.",
            () => new DoctorCommand()),
    ];

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print the result, or the error, as one JSON object on standard output.",
        Recursive = true,
    };

    private readonly Interruption _interruption;
    private readonly long _started;

    private CommandLine(Interruption interruption, long started)
    {
        _interruption = interruption;
        _started = started;
    }

    public static int Run(string[] args)
    {
        long started = Stopwatch.GetTimestamp();
        using StandardStreams streams = StandardStreams.Install();
        CommandOutput output = new(args.Contains("--json"));
        int exitCode;
        using (Interruption interruption = new(sentence => Console.Error.WriteLine($"trtvocoder: {sentence}")))
            exitCode = new CommandLine(interruption, started).Run(args, output);
        if (streams.Finish() is not { } reason)
            return exitCode;
        // The work is done, and the exit code says that its report is lost.
        Console.Error.WriteLine($"trtvocoder: {CommandOutput.StandardName} cannot be written: {reason}.");
        return exitCode == ExitCode.Success ? ExitCode.FileSystem : exitCode;
    }

    private int Run(string[] args, CommandOutput output)
    {
        // A file's name may begin with @.
        ParseResult result = Build(args).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0 && result.Action is not HelpWithExamples)
        {
            string command = string.Join(' ', Names(result.CommandResult.Command).Reverse());
            string message = result.UnmatchedTokens.Count > 0 && result.CommandResult.Command.Subcommands.Count > 0
                ? $"There is no command or option '{result.UnmatchedTokens[0]}'."
                : result.Errors[0].Message.TrimEnd();
            output.Fail(new Failure(ExitCode.Usage, $"{message}{(message.EndsWith('.') ? "" : ".")} See '{command} --help'."), null);
            return ExitCode.Usage;
        }
        return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private Command Build(string[] args)
    {
        Command program = new("trtvocoder", "Vocos vocoder: checkpoint to ONNX and TensorRT engine, speech to mel, mel to speech.");
        Dictionary<Command, string> examples = new()
        {
            [program] =
            "trtvocoder synth speech.wav --model vocos.onnx --output out.wav\ntrtvocoder doctor"
        };
        foreach (CommandEntry entry in Entries)
        {
            Command command = new(entry.Name, entry.Description);
            program.Subcommands.Add(command);
            // The options of a command that is not called need not exist: making those of all takes milliseconds.
            if (args.Contains(entry.Name))
                examples.Add(command, Attach(command, entry.Make()));
        }
        HelpOption help = new();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples);
        program.Options.Add(help);
        program.Options.Add(new VersionOption());
        program.Options.Add(_json);
        return program;
    }

    private string Attach(Command command, CliCommand made)
    {
        foreach (Symbol symbol in made.Symbols)
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
        command.SetAction(arguments =>
        {
            CommandOutput output = new(arguments.GetValue(_json));
            try
            {
                CommandResult result = made.Run(new CommandCall(arguments, output, _interruption, _started));
                output.Print(result);
                return result.ExitCode;
            }
            catch (Exception error)
            {
                _interruption.WaitIfEnding();
                Failure failure = Failure.Of(error);
                output.Fail(failure, error);
                return failure.ExitCode;
            }
        });
        return made.Examples;
    }

    private static IEnumerable<string> Names(Symbol? symbol)
    {
        for (; symbol is not null; symbol = symbol.Parents.FirstOrDefault())
            yield return symbol.Name;
    }
}
