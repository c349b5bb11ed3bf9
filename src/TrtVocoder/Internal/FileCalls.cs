using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TrtVocoder.Internal;

/// <summary>Each step of writing a file that the system may refuse, so that tests can refuse it too.</summary>
internal class FileCalls
{
    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The system's own.</summary>
    public static FileCalls System { get; } = new();

    /// <summary>Opens what is there for writing, as it is.</summary>
    public virtual FileStream OpenExisting(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite,
        BufferSize = 0,
    });

    /// <summary>Makes a file that must not be there yet.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="isPrivate">Whether only its owner may read it: until it has the mode of the file that it replaces.</param>
    public virtual FileStream Create(string path, bool isPrivate)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (isPrivate && !OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnersOnly;
        return new FileStream(path, options);
    }

    /// <summary>Gives a file to the owner of the one that it replaces; false: this process may not.</summary>
    public virtual bool TryChangeOwner(SafeFileHandle file, FileStatus like) =>
        FileStatus.Of((int)file.DangerousGetHandle()) is not { } own || (own.User, own.Group) == (like.User, like.Group)
        || LibC.ChangeOwner((int)file.DangerousGetHandle(), like.User, like.Group) == 0;

    /// <summary>Gives a file the mode of the one that it replaces.</summary>
    public virtual void CopyMode(SafeFileHandle from, SafeFileHandle to)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(to, File.GetUnixFileMode(from));
    }

    /// <summary>Puts a file in another's place, or in an empty one.</summary>
    public virtual void Move(string from, string to, bool overwrite) => File.Move(from, to, overwrite);

    /// <summary>Writes over a file that stays the same file.</summary>
    public virtual void Overwrite(FileStream file, Stream content)
    {
        file.SetLength(0);
        content.CopyTo(file);
        file.Flush();
    }

    /// <summary>Whether this process may write a file, or make files in a folder; null: yes, else the system's reason.</summary>
    public virtual string? WhyNotWritable(string path, bool isFolder) =>
        !OperatingSystem.IsLinux() || LibC.CheckAccess(LibC.CurrentFolder, path, LibC.MayWrite | (isFolder ? LibC.MaySearch : 0), LibC.EffectiveIds) == 0
            ? null
            : LibC.GetReason(Marshal.GetLastPInvokeError());
}
