using TrtVocoder.Cli.Running;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Where a command's data go: a file, written wholly or not at all, a device or pipe, or standard output.</summary>
internal static class OutputPath
{
    public const string Standard = "-";

    /// <summary>Says before any work that the file cannot be written, and keeps words away from it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="force">Whether one that is there is replaced.</param>
    /// <param name="output">Takes the notes.</param>
    /// <param name="option">The option that named it.</param>
    /// <param name="extensions">What the name of a file must end in; devices, pipes and standard output may be called anything.</param>
    public static void Check(
        string path, bool force, CommandOutput output, string option = "--output", params ReadOnlySpan<string> extensions)
    {
        if (path.Length == 0)
            throw CliException.Usage($"{option} is empty; give it a file name.");
        // The file would get another name than the one that was asked for.
        if (path.Contains('\uFFFD', StringComparison.Ordinal))
            throw CliException.FileSystem($"{path} cannot be written: the name holds bytes that are not UTF-8, which cannot be used here.");
        OutputTarget target = Find(path);
        if (!target.IsStream && !IsNamed(path, extensions))
            throw CliException.Usage(
                $"{option} {path}: the name must end in {string.Join(" or ", extensions.ToArray())}, which is what is written.");
        if (!force && target is { IsStream: false, Status.Kind: FileKind.Regular })
            throw CliException.FileSystem($"{path} exists already; --force replaces it.");
        if (!force && target.Status?.Kind == FileKind.BlockDevice)
            throw CliException.FileSystem($"{path} is a block device, whose content would be lost; --force writes it.");
        output.KeepApart(target);
        AtomicFile.ThrowIfUnwritable(target, overwrite: true);
    }

    /// <summary>Whether data would go out at once, so that they cannot be read again: to a device, a pipe, standard output.</summary>
    public static bool IsStream(string path) => path.Length > 0 && Find(path).IsStream;

    /// <summary>Whether a path is standard output, by whatever name.</summary>
    public static bool IsStandard(string path) => Find(path).Descriptor == Descriptors.Output;

    /// <summary>The name that writers take which know files only.</summary>
    public static string FileName(string path) => path == Standard ? "/dev/stdout" : path;

    /// <summary>The name for people.</summary>
    public static string Name(string path) => path == Standard ? "standard output" : path;

    /// <summary>Writes the data.</summary>
    public static void Write(string path, bool force, Action<Stream> write) => AtomicFile.Write(Find(path), force, write);

    private static OutputTarget Find(string path) =>
        path == Standard ? OutputTarget.Of(Descriptors.Output, CommandOutput.StandardName) : OutputTarget.Find(path);

    private static bool IsNamed(string path, ReadOnlySpan<string> extensions)
    {
        bool isNamed = extensions.IsEmpty;
        foreach (string extension in extensions)
            isNamed |= Path.GetExtension(path).Equals(extension, StringComparison.OrdinalIgnoreCase);
        return isNamed;
    }
}
