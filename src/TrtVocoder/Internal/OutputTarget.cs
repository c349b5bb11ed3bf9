using System.Globalization;
using System.Text.RegularExpressions;

namespace TrtVocoder.Internal;

/// <summary>Where a file name given for output leads, by way of all symbolic links.</summary>
/// <param name="Name">The name that was given, for messages.</param>
/// <param name="Path">The full path without links; that of a descriptor in /proc stays as it is.</param>
/// <param name="Status">What is there; null: nothing yet.</param>
/// <param name="Descriptor">The file's number where the name stands for one that this process holds open: 1 for /dev/stdout.</param>
internal sealed partial record OutputTarget(string Name, string Path, FileStatus? Status, int? Descriptor)
{
    private const int MaxLinks = 40;

    /// <summary>The folder that holds it.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path) ?? Path;

    /// <summary>Whether bytes go out at once: to a device, a pipe, a socket, or a file that is open already.</summary>
    public bool IsStream => Descriptor is not null || Status?.IsStream == true;

    /// <summary>Follows a name.</summary>
    /// <exception cref="IOException">Where it leads cannot be found out; a sentence.</exception>
    public static OutputTarget Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string path;
        FileStatus? status;
        try
        {
            path = Follow(name);
            status = FileStatus.Of(path);
        }
        catch (IOException error)
        {
            throw new IOException($"{name} cannot be written: {error.Message}.", error);
        }
        return OwnDescriptor(path) is { } descriptor ? Of(descriptor, name) : new OutputTarget(name, path, status, null);
    }

    /// <summary>A file that this process was given open.</summary>
    /// <exception cref="IOException">It is closed.</exception>
    public static OutputTarget Of(int descriptor, string name) => Descriptors.IsInherited(descriptor)
        ? new OutputTarget(name, "", FileStatus.Of(descriptor), descriptor)
        : throw new IOException($"{name} cannot be written: it is closed.");

    // As the kernel does, which goes up by '..' from where a link led to.
    private static string Follow(string name)
    {
        if (!OperatingSystem.IsLinux())
            return (File.Exists(name) ? File.ResolveLinkTarget(name, returnFinalTarget: true)?.FullName : null) ?? System.IO.Path.GetFullPath(name);
        Stack<string> rest = new();
        Push(System.IO.Path.Combine(Environment.CurrentDirectory, name));
        string path = "/";
        int links = 0;
        while (rest.TryPop(out string? part))
        {
            if (part == "..")
            {
                path = System.IO.Path.GetDirectoryName(path) ?? "/";
                continue;
            }
            string next = System.IO.Path.Join(path, part);
            if (DescriptorPattern().IsMatch(next) || FileStatus.Of(next, follow: false)?.Kind != FileKind.Link)
            {
                path = next;
                continue;
            }
            if (++links > MaxLinks)
                throw new IOException("its symbolic links lead in a circle");
            string to = new FileInfo(next).LinkTarget ?? "";
            if (to.StartsWith('/'))
                path = "/";
            Push(to);
        }
        return path;

        void Push(string names)
        {
            foreach (string part in names.Split('/').Reverse())
                if (part is not ("" or "."))
                    rest.Push(part);
        }
    }

    private static int? OwnDescriptor(string path) =>
        DescriptorPattern().Match(path) is { Success: true } match && match.Groups["process"].Value == new FileInfo("/proc/self").LinkTarget
            ? int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
            : null;

    // Links that lead to open files rather than to names.
    [GeneratedRegex(@"^/proc/(?<process>\d+)(/task/\d+)?/fd/(?<number>\d{1,9})$", RegexOptions.CultureInvariant)]
    private static partial Regex DescriptorPattern();
}
