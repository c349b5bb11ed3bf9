using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Reporting;

/// <summary>
/// One line on a terminal that says what is being done. Unlike a progress bar it has no thread that would disturb a measurement.
/// </summary>
internal sealed class StatusLine(CommandOutput output) : IDisposable
{
    private const string Erase = "\r\u001b[K";

    public void Show(string text)
    {
        if (output.ShowsProgress)
            Console.Error.Write(Erase + text);
    }

    public void Clear()
    {
        if (output.ShowsProgress)
            Console.Error.Write(Erase);
    }

    public void Dispose() => Clear();
}
