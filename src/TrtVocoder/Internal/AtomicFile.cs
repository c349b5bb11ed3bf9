namespace TrtVocoder.Internal;

/// <summary>
/// Writes a file wholly or not at all: to a temporary name in the same folder, then renamed. What is not a regular file (a named
/// pipe, anything below /dev and /proc) is written directly. Safe for use by many threads.
/// </summary>
public static class AtomicFile
{
    private static readonly HashSet<string> Pending = [];

    /// <summary>Writes a file.</summary>
    /// <param name="path">Where to. A symbolic link is followed.</param>
    /// <param name="overwrite">Whether an existing file is replaced; devices and pipes are written in any case.</param>
    /// <param name="write">Writes the content; the stream may not be seekable. When it throws, nothing is left behind.</param>
    /// <exception cref="IOException">The folder is missing, the file exists and <paramref name="overwrite"/> is false, the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or file may not be written.</exception>
    public static void Write(string path, bool overwrite, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.GetFullPath(path);
        if (IsSpecial(target))
        {
            using FileStream device = OpenDirect(target, path);
            WriteAll(device, path, write);
            return;
        }

        ThrowIfUnwritable(path, overwrite);
        if (new FileInfo(target).LinkTarget is not null)
            target = File.ResolveLinkTarget(target, returnFinalTarget: true)!.FullName;
        UnixFileMode? mode = null;
        if (File.Exists(target))
        {
            // Opening tells pipes from files, and whether the file may be written at all: a rename would replace a read-only one.
            using FileStream existing = OpenDirect(target, path);
            if (!existing.CanSeek)
            {
                WriteAll(existing, path, write);
                return;
            }
            if (!OperatingSystem.IsWindows())
                mode = File.GetUnixFileMode(existing.SafeFileHandle);
        }

        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        lock (Pending)
            Pending.Add(temporary);
        try
        {
            using (FileStream stream = OpenTemporary(temporary, path))
            {
                WriteAll(stream, path, write);
                if (mode is { } bits && !OperatingSystem.IsWindows())
                    File.SetUnixFileMode(stream.SafeFileHandle, bits);
            }
            File.Move(temporary, target, overwrite);
        }
        finally
        {
            File.Delete(temporary);
            lock (Pending)
                Pending.Remove(temporary);
        }
    }

    /// <summary>
    /// Says early, before long work, what <see cref="Write"/> would say: the folder is missing, the path is a folder, the file exists.
    /// </summary>
    /// <exception cref="IOException">The path cannot be written; the message is a sentence for the user.</exception>
    public static void ThrowIfUnwritable(string path, bool overwrite)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string target = Path.GetFullPath(path);
        if (IsSpecial(target))
            return;
        if (Directory.Exists(target))
            throw new IOException($"{path} is a folder; a file name is needed.");
        string folder = Path.GetDirectoryName(target) ?? target;
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{path} cannot be written: the folder {folder} does not exist.");
        if (!overwrite && File.Exists(target))
            throw new IOException($"{path} exists already.");
    }

    /// <summary>Deletes the temporary files of writes under way: for a process that is about to end in the middle of one.</summary>
    public static void DeletePending()
    {
        lock (Pending)
            foreach (string temporary in Pending)
                File.Delete(temporary);
    }

    /// <summary>Whether a path is written directly, because it is no file.</summary>
    internal static bool IsSpecial(string fullPath) =>
        !OperatingSystem.IsWindows()
        && (fullPath.StartsWith("/dev/", StringComparison.Ordinal) || fullPath.StartsWith("/proc/", StringComparison.Ordinal));

    private static FileStream OpenDirect(string target, string path) => Named(path, () => new FileStream(target, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite,
        BufferSize = 0,
    }));

    private static FileStream OpenTemporary(string temporary, string path) =>
        Named(path, () => new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read));

    private static void WriteAll(Stream stream, string path, Action<Stream> write)
    {
        try
        {
            write(stream);
            stream.Flush();
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new IOException($"{path} cannot be written: {Reason(error)}.", error);
        }
        catch (ArgumentOutOfRangeException error) when (error is { ParamName: "value", ActualValue: null })
        {
            // What .NET makes of the system's EFBIG.
            throw new IOException($"{path} cannot be written: it is too large for the file system.", error);
        }
    }

    private static FileStream Named(string path, Func<FileStream> open)
    {
        try
        {
            return open();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new UnauthorizedAccessException($"{path} cannot be written: permission denied.", error);
        }
        catch (IOException error)
        {
            throw new IOException($"{path} cannot be written: {Reason(error)}.", error);
        }
    }

    // .NET's messages name the temporary file after a colon: "No space left on device : '/x/.y.tmp'".
    private static string Reason(IOException error)
    {
        string text = error.Message;
        int quote = text.IndexOf(" : '", StringComparison.Ordinal);
        text = (quote > 0 ? text[..quote] : text).TrimEnd('.', ' ');
        return text.Length > 1 && char.IsAsciiLetterUpper(text[0]) && !char.IsAsciiLetterUpper(text[1]) ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }
}
