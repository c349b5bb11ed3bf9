namespace TrtVocoder.Internal;

/// <summary>
/// Writes files. A regular file is written wholly or not at all: to a temporary name in the same folder, with the owner and mode of the file
/// that it replaces, then renamed. Where the system refuses that (a mount point, a folder that may not be written, somebody else's file in
/// a sticky folder) an existing file is written in place, after its content is complete. Devices, pipes and files that this process
/// holds open (/dev/stdout) are written directly. Links are followed. Safe for use by many threads.
/// </summary>
internal static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Writes a file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="overwrite">Whether an existing file, or what a block device holds, is replaced; other devices and pipes are written in any case.</param>
    /// <param name="write">Writes the content; the stream may not be seekable. When it throws, nothing is left behind.</param>
    /// <exception cref="IOException">The folder is missing, the file exists and <paramref name="overwrite"/> is false, the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or file may not be written.</exception>
    public static void Write(string path, bool overwrite, Action<Stream> write) => Write(OutputTarget.Find(path), overwrite, write);

    /// <summary>
    /// Says early, before long work, what <see cref="Write(string, bool, Action{Stream})"/> would say: the folder is missing, the path is a folder, the
    /// file exists, it may not be written.
    /// </summary>
    /// <exception cref="IOException">The path cannot be written; the message is a sentence for the user.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void ThrowIfUnwritable(string path, bool overwrite) => ThrowIfUnwritable(OutputTarget.Find(path), overwrite, FileCalls.System);

    /// <summary>Deletes the temporary files of writes under way and lets no other begin: for a process that is about to end.</summary>
    public static void DeletePending() => TemporaryFiles.DeleteAll();

    /// <summary>Whether a path is written directly, because it is no file.</summary>
    internal static bool IsStream(string path) => OutputTarget.Find(path).IsStream;

    /// <summary>The same for a name that was followed already.</summary>
    internal static void ThrowIfUnwritable(OutputTarget target, bool overwrite) => ThrowIfUnwritable(target, overwrite, FileCalls.System);

    /// <summary>The same for a name that was followed already.</summary>
    internal static void Write(OutputTarget target, bool overwrite, Action<Stream> write, FileCalls? calls = null)
    {
        ArgumentNullException.ThrowIfNull(write);
        calls ??= FileCalls.System;
        string path = target.Name;
        ThrowIfUnwritable(target, overwrite, calls);
        if (target.IsStream)
        {
            using Stream stream = target.Descriptor is { } descriptor ? new DescriptorStream(descriptor) : Named(path, () => calls.OpenExisting(target.Path));
            WriteAll(stream, path, write);
            return;
        }
        if (target.Status is not { } status)
        {
            WriteNew(target, overwrite, write, calls);
            return;
        }
        // Kept open, so that what is written in place is the file that was asked about.
        using FileStream existing = Named(path, () => calls.OpenExisting(target.Path));
        Replace(target, status, existing, write, calls);
    }

    private static void WriteNew(OutputTarget target, bool overwrite, Action<Stream> write, FileCalls calls)
    {
        string temporary = NameBeside(target);
        using FileStream stream = Named(target.Name, () => TemporaryFiles.Create(temporary, () => calls.Create(temporary, isPrivate: false)));
        try
        {
            WriteAll(stream, target.Name, write);
            stream.Close();
            Named(target.Name, () => calls.Move(temporary, target.Path, overwrite));
        }
        catch (IOException) when (!overwrite && FileStatus.Of(target.Path) is not null)
        {
            throw Exists(target.Name);
        }
        finally
        {
            TemporaryFiles.Delete(temporary);
        }
    }

    private static void Replace(OutputTarget target, FileStatus status, FileStream existing, Action<Stream> write, FileCalls calls)
    {
        string temporary = NameBeside(target);
        FileStream stream;
        try
        {
            stream = TemporaryFiles.Create(temporary, () => calls.Create(temporary, isPrivate: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No other file can be made here. The content is complete before anything is lost.
            using MemoryStream content = new();
            write(content);
            content.Position = 0;
            WriteInPlace(target.Name, existing, content, calls);
            return;
        }
        using (stream)
        {
            try
            {
                bool isOwners = calls.TryChangeOwner(stream.SafeFileHandle, status);
                Named(target.Name, () => calls.CopyMode(existing.SafeFileHandle, stream.SafeFileHandle));
                WriteAll(stream, target.Name, write);
                stream.Close();
                if (isOwners && TryMove(temporary, target.Path, calls))
                    return;
                using FileStream content = new(temporary, FileMode.Open, FileAccess.Read, FileShare.Read);
                WriteInPlace(target.Name, existing, content, calls);
            }
            finally
            {
                TemporaryFiles.Delete(temporary);
            }
        }
    }

    // False for a mount point, somebody else's file in a sticky folder, a folder that was closed meanwhile.
    private static bool TryMove(string from, string to, FileCalls calls)
    {
        try
        {
            calls.Move(from, to, overwrite: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void WriteInPlace(string name, FileStream existing, Stream content, FileCalls calls)
    {
        try
        {
            calls.Overwrite(existing, content);
        }
        catch (Exception error) when (WriteFailure.IsSystems(error))
        {
            throw WriteFailure.Of(name, error, "; it could only be written in place, and what it held is lost");
        }
    }

    private static void ThrowIfUnwritable(OutputTarget target, bool overwrite, FileCalls calls)
    {
        string name = target.Name;
        if (target.Descriptor is not null)
            return;
        if (target.Status?.Kind == FileKind.Folder)
            throw new IOException($"{name} is a folder; a file name is needed.");
        if (target.Status is null && name.EndsWith('/'))
            throw new DirectoryNotFoundException($"{name} cannot be written: there is no such folder, and a file name is needed.");
        string folder = target.Folder;
        if (target.Status is null && FileStatus.Of(folder)?.Kind != FileKind.Folder)
            throw new DirectoryNotFoundException(new FileInfo(name.TrimEnd('/')).LinkTarget is not null
                ? $"{name} cannot be written: it is a link to {target.Path}, and the folder {folder} does not exist."
                : $"{name} cannot be written: the folder {folder} does not exist.");
        if (!overwrite && target.Status is { Kind: FileKind.Regular or FileKind.BlockDevice })
            throw Exists(name);
        if (target.Status is not null && calls.WhyNotWritable(target.Path, isFolder: false) is { } reason)
            throw new UnauthorizedAccessException($"{name} cannot be written: {reason}.");
        if (target.Status is null && calls.WhyNotWritable(folder, isFolder: true) is { } refusal)
            throw new UnauthorizedAccessException($"{name} cannot be written: its folder {folder} may not be written to ({refusal}).");
    }

    private static IOException Exists(string name) => new($"{name} exists already.");

    // Short and of its own, since the file's name may be as long as names can be.
    private static string NameBeside(OutputTarget target) => Path.Combine(target.Folder, $".trtvocoder-{Path.GetRandomFileName()}.tmp");

    private static void WriteAll(Stream stream, string name, Action<Stream> write)
    {
        try
        {
            // Small files go out at once: a pipe's reader would otherwise see a header of its own. Not disposed, since that would write again after a failure.
            BufferedStream buffered = new(stream, BufferBytes);
            write(buffered);
            buffered.Flush();
        }
        catch (Exception error) when (WriteFailure.IsSystems(error) && error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw WriteFailure.Of(name, error);
        }
    }

    private static void Named(string name, Action work) => Named(name, () =>
    {
        work();
        return true;
    });

    private static T Named<T>(string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw WriteFailure.Of(name, error);
        }
    }
}
