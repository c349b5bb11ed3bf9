using TrtVocoder.Cli.Reporting;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Where a command's data go: a file, written wholly or not at all, or standard output.</summary>
internal static class OutputPath
{
    public const string Standard = "-";

    /// <summary>Says before any work that the file cannot be written.</summary>
    public static void Check(string path, bool force, CommandOutput output)
    {
        if (path.Length == 0)
            throw CliException.Usage("--output is empty; give it a file name, or - for standard output.");
        if (path == Standard)
        {
            output.DataOnStandardOutput = true;
            return;
        }
        AtomicFile.ThrowIfUnwritable(path, overwrite: true);
        if (!force && File.Exists(path) && !path.StartsWith("/dev/", StringComparison.Ordinal))
            throw CliException.FileSystem($"{path} exists already; --force replaces it.");
    }

    /// <summary>Writes the data.</summary>
    public static void Write(string path, bool force, Action<Stream> write)
    {
        if (path != Standard)
        {
            AtomicFile.Write(path, force, write);
            return;
        }
        try
        {
            // Buffered, because a pipe's reader would otherwise see a header of its own.
            using Stream stream = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
            write(stream);
        }
        catch (IOException error)
        {
            throw new IOException($"Standard output cannot be written: {error.Message.Split(" : ")[0].TrimEnd('.')}.", error);
        }
    }
}
