using System.CommandLine;
using System.CommandLine.Help;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using TrtVocoder.Cli.Commands;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli;

/// <summary>The program: its commands, what is common to all of them, and how every failure becomes one sentence and an exit code.</summary>
internal static class CommandLine
{
    // In the order of the help.
    private static readonly CommandEntry[] Commands =
    [
        new("synth", "Turn mels, or WAV files by copy synthesis, into speech.", SynthCommand.Define),
        new("mel", "Compute the mel spectrogram of a WAV file.", MelCommand.Define),
        new("export", "Turn a checkpoint into an ONNX model, without Python.", ExportCommand.Define),
        new("build", "Build a TensorRT engine, on the machine and GPU that will run it. Takes seconds to minutes.", BuildCommand.Define),
        new("info", "Say what a model, checkpoint, WAV file or array holds.", InfoCommand.Define),
        new("compare", "Measure how far one sound, or one model's output, is from another.", CompareCommand.Define),
        new("bench", "Measure decodes: where the time goes, how it spreads, and whether one model is faster than another.", BenchCommand.Define),
        new("doctor", "Say what is installed, what is missing and what to do. Exit code 0: decoding on the CPU works.", DoctorCommand.Define),
    ];

    private static readonly CancellationTokenSource Cancellation = new();
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print the result, or the error, as one JSON object on standard output.",
        Recursive = true,
    };

    /// <summary>When <see cref="Run"/> was entered, in ticks of <see cref="Stopwatch"/>.</summary>
    public static long EntryTimestamp { get; private set; }

    /// <summary>Cancelled by Ctrl-C.</summary>
    public static CancellationToken CancellationToken => Cancellation.Token;

    /// <summary>Set while a command watches <see cref="CancellationToken"/> and ends by itself; otherwise Ctrl-C ends the process.</summary>
    public static bool CancelsItself { get; set; }

    public static int Run(string[] args)
    {
        EntryTimestamp = Stopwatch.GetTimestamp();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        ParseResult result = Build(args).Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpWithExamples)
        {
            string command = string.Join(' ', Names(result.CommandResult.Command).Reverse());
            CommandOutput output = new(args.Contains("--json"));
            string message = result.UnmatchedTokens.Count > 0 && result.CommandResult.Command.Subcommands.Count > 0
                ? $"There is no command or option '{result.UnmatchedTokens[0]}'."
                : result.Errors[0].Message.TrimEnd();
            output.Fail(new Failure(ExitCode.Usage, $"{message}{(message.EndsWith('.') ? "" : ".")} See '{command} --help'."), null);
            return ExitCode.Usage;
        }
        return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>Makes a command's action: what it throws becomes one sentence and an exit code.</summary>
    public static void SetAction(Command command, Func<ParseResult, CommandOutput, int> action) => command.SetAction(result =>
    {
        CommandOutput output = new(result.GetValue(Json));
        try
        {
            return action(result, output);
        }
        catch (Exception error)
        {
            Failure failure = Failure.Of(error);
            output.Fail(failure, error);
            return failure.ExitCode;
        }
    });

    /// <summary>Gives a command its arguments and options, in the order of its help.</summary>
    public static void Add(Command command, params Symbol[] symbols)
    {
        foreach (Symbol symbol in symbols)
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
    }

    private static Command Build(string[] args)
    {
        Command program = new("trtvocoder", "Vocos vocoder: checkpoint to ONNX and TensorRT engine, speech to mel, mel to speech.");
        Dictionary<Command, string> examples = new() { [program] = "trtvocoder synth speech.wav --model vocos.onnx --output out.wav\ntrtvocoder doctor" };
        // The options of a command that is not called need not exist: making those of all takes milliseconds. A response file may hold anything.
        bool needsAll = Array.Exists(args, arg => arg.StartsWith('@'));
        foreach (CommandEntry entry in Commands)
        {
            Command command = new(entry.Name, entry.Description);
            program.Subcommands.Add(command);
            if (needsAll || args.Contains(entry.Name))
                examples.Add(command, entry.Define(command));
        }
        HelpOption help = new();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples);
        program.Options.Add(help);
        program.Options.Add(new VersionOption());
        program.Options.Add(Json);
        return program;
    }

    /// <summary>The program's version.</summary>
    public static string Version =>
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static IEnumerable<string> Names(Symbol? symbol)
    {
        for (; symbol is not null; symbol = symbol.Parents.FirstOrDefault())
            yield return symbol.Name;
    }

    private static void Cancel(PosixSignalContext context)
    {
        context.Cancel = true;
        bool again = Cancellation.IsCancellationRequested;
        Cancellation.Cancel();
        if (CancelsItself && !again)
            return;
        AtomicFile.DeletePending();
        Console.Error.WriteLine("trtvocoder: Cancelled.");
        Environment.Exit(ExitCode.Cancelled);
    }
}
