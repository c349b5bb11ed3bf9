using TrtVocoder.Cli.Running;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Commands;

/// <summary>Puts a model into a repository of Triton's: wholly, or not at all.</summary>
internal static class TritonRepository
{
    private const string Version = "1";

    /// <summary>Writes the model's folder, and gives its path.</summary>
    /// <param name="repository">The repository, which is made where it is missing.</param>
    /// <param name="config">What config.pbtxt says.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="isEngine">Whether the file may have a sidecar.</param>
    /// <param name="force">Whether a model of that name is replaced.</param>
    /// <param name="stop">Ends the work; nothing is left of it.</param>
    /// <exception cref="CliException">A file or folder cannot be written, or is there already.</exception>
    public static string Write(string repository, TritonConfig config, string model, bool isEngine, bool force, CancellationToken stop)
    {
        string folder = Path.Combine(repository, config.Name);
        if (File.Exists(repository) || File.Exists(folder))
            throw CliException.FileSystem($"{(File.Exists(repository) ? repository : folder)} is a file; a model repository has folders.");
        if (Directory.Exists(folder) && !force)
            throw CliException.FileSystem($"{folder} exists already; --force replaces it.");
        bool isNew = !Directory.Exists(repository);
        string made = Path.Combine(repository, $".trtvocoder-{Path.GetRandomFileName()}.tmp");
        try
        {
            string version = Directory.CreateDirectory(Path.Combine(made, Version)).FullName;
            string file = Path.Combine(version, config.File);
            Copy(model, file, stop);
            if (isEngine && File.Exists(EngineSidecar.PathFor(model)))
                Copy(EngineSidecar.PathFor(model), EngineSidecar.PathFor(file), stop);
            File.WriteAllText(Path.Combine(made, "config.pbtxt"), config.ToString());
            stop.ThrowIfCancellationRequested();
            Replace(made, folder);
            return folder;
        }
        catch (Exception error)
        {
            Delete(made);
            if (isNew && Directory.Exists(repository) && !Directory.EnumerateFileSystemEntries(repository).Any())
                Directory.Delete(repository);
            if (error is IOException or UnauthorizedAccessException)
                throw CliException.FileSystem($"{folder} cannot be written: {error.Message}", error);
            throw;
        }
    }

    private static void Copy(string from, string to, CancellationToken stop)
    {
        using FileStream source = File.OpenRead(from);
        using FileStream target = File.Create(to);
        byte[] block = new byte[1 << 20];
        for (int count; (count = source.Read(block)) > 0;)
        {
            stop.ThrowIfCancellationRequested();
            target.Write(block, 0, count);
        }
    }

    // One after the other: a folder cannot be put in another's place at once.
    private static void Replace(string made, string folder)
    {
        if (!Directory.Exists(folder))
        {
            Directory.Move(made, folder);
            return;
        }
        string old = made + ".old";
        Directory.Move(folder, old);
        try
        {
            Directory.Move(made, folder);
        }
        catch
        {
            Directory.Move(old, folder);
            throw;
        }
        Delete(old);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
