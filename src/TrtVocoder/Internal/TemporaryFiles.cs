namespace TrtVocoder.Internal;

/// <summary>
/// Owns every temporary file and folder of this process, so that a process that ends in the middle of work leaves none behind.
/// Safe for use by many threads.
/// </summary>
internal static class TemporaryFiles
{
    private const int DeleteAttempts = 20;

    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Files = [];
    private static readonly HashSet<string> Folders = [];
    private static bool _isEnding;

    /// <summary>Makes a temporary file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="create">Makes it; when it throws there is none.</param>
    /// <exception cref="OperationCanceledException">The process is ending.</exception>
    public static FileStream Create(string path, Func<FileStream> create)
    {
        lock (Gate)
        {
            ThrowIfEnding();
            FileStream file = create();
            Files.Add(path);
            return file;
        }
    }

    /// <summary>Deletes a temporary file; fine when it was moved to its place.</summary>
    public static void Delete(string path)
    {
        lock (Gate)
        {
            TryDelete(path);
            Files.Remove(path);
        }
    }

    /// <summary>Makes a folder that only this user can read, in the system's folder for temporary files.</summary>
    /// <exception cref="IOException">It cannot be made; a sentence that names that folder and TMPDIR.</exception>
    /// <exception cref="OperationCanceledException">The process is ending.</exception>
    public static string CreateFolder()
    {
        lock (Gate)
        {
            ThrowIfEnding();
            try
            {
                string folder = Directory.CreateTempSubdirectory("trtvocoder-").FullName;
                Folders.Add(folder);
                return folder;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                string parent = Path.GetTempPath();
                string reason = !Directory.Exists(parent) ? "does not exist"
                    : FileCalls.System.WhyNotWritable(parent, isFolder: true) is { } why ? $"cannot be written ({why})"
                    : $"cannot be used ({WriteFailure.Reason(error)})";
                throw new IOException($"The folder for temporary files, {parent}, {reason}; set TMPDIR to one that can be written.", error);
            }
        }
    }

    /// <summary>Deletes a temporary folder with all that it holds.</summary>
    public static void DeleteFolder(string path)
    {
        lock (Gate)
        {
            TryDeleteFolder(path);
            Folders.Remove(path);
        }
    }

    /// <summary>Deletes them all, and lets no other be made: for a process that is about to end.</summary>
    public static void DeleteAll()
    {
        lock (Gate)
        {
            _isEnding = true;
            foreach (string file in Files)
                TryDelete(file);
            foreach (string folder in Folders)
                TryDeleteFolder(folder);
        }
    }

    private static void ThrowIfEnding()
    {
        if (_isEnding)
            throw new OperationCanceledException("The process is ending.");
    }

    // A name that cannot be deleted, because its folder is gone or was closed meanwhile, must not hide why work failed.
    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    // Other threads may still write into it while the process ends.
    private static void TryDeleteFolder(string path)
    {
        for (int attempt = 0; attempt < DeleteAttempts && Directory.Exists(path); attempt++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Thread.Sleep(1);
            }
        }
    }
}
