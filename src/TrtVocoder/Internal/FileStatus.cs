using System.Runtime.InteropServices;

namespace TrtVocoder.Internal;

/// <summary>What kind of file a path leads to.</summary>
internal enum FileKind
{
    Regular,
    Folder,
    CharacterDevice,
    BlockDevice,
    Pipe,
    Socket,
    Link,
}

/// <summary>What the system says of a file. .NET tells neither devices from files nor one file from another.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Device">With <paramref name="Inode"/>: which file it is, whatever its name.</param>
/// <param name="Inode">Its number on that device.</param>
/// <param name="SpecialDevice">Of a device node: which device it stands for.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
internal readonly record struct FileStatus(FileKind Kind, ulong Device, ulong Inode, ulong SpecialDevice, uint User, uint Group)
{
    private const int Size = 256;
    private const ulong NullDevice = (1UL << 32) | 3;

    /// <summary>Whether bytes go to somebody else than a file: what is written cannot be taken back or replaced.</summary>
    public bool IsStream => Kind is not (FileKind.Regular or FileKind.Folder or FileKind.Link);

    /// <summary>/dev/null, under whatever name: what is written is gone, so nothing can be mixed there.</summary>
    public bool IsNull => Kind == FileKind.CharacterDevice && SpecialDevice == NullDevice;

    /// <summary>Asks for a file; null where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="follow">Whether a symbolic link stands for what it leads to.</param>
    /// <exception cref="IOException">The system refuses to say; the message is its reason alone.</exception>
    public static FileStatus? Of(string path, bool follow = true)
    {
        if (!OperatingSystem.IsLinux())
            return Directory.Exists(path) ? new FileStatus { Kind = FileKind.Folder } : File.Exists(path) ? new FileStatus { Kind = FileKind.Regular } : null;
        return Ask(LibC.CurrentFolder, path, follow ? 0 : LibC.NoFollow);
    }

    /// <summary>Asks for an open file; null where the descriptor is closed.</summary>
    public static FileStatus? Of(int descriptor)
    {
        try
        {
            return OperatingSystem.IsLinux() ? Ask(descriptor, "", LibC.EmptyPath) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether both are one file, pipe or device.</summary>
    public bool IsSameAs(FileStatus other) => Kind == other.Kind
        && (Kind is FileKind.CharacterDevice or FileKind.BlockDevice ? SpecialDevice == other.SpecialDevice : (Device, Inode) == (other.Device, other.Inode));

    private static unsafe FileStatus? Ask(int folder, string path, int flags)
    {
        byte* status = stackalloc byte[Size];
        if (LibC.GetStatus(folder, path, flags, LibC.BasicStatus, status) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error is LibC.NoEntry or LibC.NotAFolder ? null : throw new IOException(LibC.GetReason(error));
        }
        // struct statx: user 20, group 24, mode 28, inode 32, the device it stands for 128, the one it lies on 136.
        int mode = *(ushort*)(status + 28);
        FileKind kind = (mode & 0xf000) switch
        {
            0x4000 => FileKind.Folder,
            0x2000 => FileKind.CharacterDevice,
            0x6000 => FileKind.BlockDevice,
            0x1000 => FileKind.Pipe,
            0xc000 => FileKind.Socket,
            0xa000 => FileKind.Link,
            _ => FileKind.Regular,
        };
        return new FileStatus(
            kind, Pair(status + 136), *(ulong*)(status + 32), Pair(status + 128), *(uint*)(status + 20), *(uint*)(status + 24));
    }

    private static unsafe ulong Pair(byte* numbers) => ((ulong)*(uint*)numbers << 32) | *(uint*)(numbers + 4);
}
