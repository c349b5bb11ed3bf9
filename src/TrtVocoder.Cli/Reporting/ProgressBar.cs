using Spectre.Console;

namespace TrtVocoder.Cli.Reporting;

/// <summary>A progress bar on standard error. In a class of its own, so that Spectre.Console is loaded only where one is drawn.</summary>
internal static class ProgressBar
{
    /// <summary>Runs work that reports how many of <paramref name="total"/> steps are done and what it does now.</summary>
    public static void Run(string title, double total, Action<Action<double, string>> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: total);
                work((done, text) =>
                {
                    task.Value = done;
                    task.Description = Markup.Escape(text);
                });
            });
    }
}
