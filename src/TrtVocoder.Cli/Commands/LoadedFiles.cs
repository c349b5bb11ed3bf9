namespace TrtVocoder.Cli.Commands;

/// <summary>Where the system's loader found a library that was asked for by its bare name.</summary>
internal static class LoadedFiles
{
    private const string Maps = "/proc/self/maps";

    /// <summary>The full path of a loaded library, or the name itself where that cannot be known.</summary>
    public static string PathOf(string name)
    {
        if (Path.IsPathRooted(name) || !File.Exists(Maps))
            return name;
        foreach (string line in File.ReadLines(Maps))
        {
            int start = line.IndexOf('/', StringComparison.Ordinal);
            // A link's target has a longer version: libcuda.so.1 -> libcuda.so.550.54.
            if (start > 0 && Path.GetFileName(line.AsSpan(start)).StartsWith(Stem(name), StringComparison.Ordinal))
                return line[start..];
        }
        return name;
    }

    private static string Stem(string name) => name.IndexOf(".so", StringComparison.Ordinal) is > 0 and int end ? name[..(end + 3)] : name;
}
