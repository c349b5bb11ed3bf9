using System.CommandLine;
using System.CommandLine.Help;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using TrtVocoder.Cli.Commands;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Data;

namespace TrtVocoder.Cli;

/// <summary>The program: its commands, what is common to all of them, and how every failure becomes one sentence and an exit code.</summary>
internal static class CommandLine
{
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
        ParseResult result = Build().Parse(args);
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

    private static Command Build()
    {
        Command program = new("trtvocoder", "Vocos vocoder: checkpoint to ONNX and TensorRT engine, speech to mel, mel to speech.");
        Dictionary<Command, string> examples = new() { [program] = "trtvocoder synth speech.wav --model vocos.onnx --output out.wav\ntrtvocoder doctor" };
        foreach ((Command command, string text) in (ReadOnlySpan<(Command, string)>)
            [SynthCommand.Create(), MelCommand.Create(), ExportCommand.Create(), BuildCommand.Create(), InfoCommand.Create(), CompareCommand.Create(), BenchCommand.Create(), DoctorCommand.Create()])
        {
            program.Subcommands.Add(command);
            examples.Add(command, text);
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
