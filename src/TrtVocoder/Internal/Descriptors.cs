namespace TrtVocoder.Internal;

/// <summary>Files that a process holds open, by their numbers.</summary>
internal static class Descriptors
{
    public const int Input = 0;
    public const int Output = 1;
    public const int Error = 2;

    /// <summary>
    /// Whether the process was given the file when it began. A number that was closed then is soon that of another file, of the runtime's
    /// or of a library's, to which nothing must be written; such files are marked as not to be passed on.
    /// </summary>
    public static bool IsInherited(int descriptor) =>
        !OperatingSystem.IsLinux()
            || (LibC.Control(descriptor, LibC.GetDescriptorFlags) is >= 0 and int flags && (flags & LibC.CloseOnExec) == 0);
}
