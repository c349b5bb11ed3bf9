using System.Globalization;
using System.Text.RegularExpressions;

namespace TrtVocoder.Cli.Commands;

/// <summary>
/// The files that hold the kernels of TensorRT's builder: one for all GPUs at first (<c>libnvinfer_builder_resource.so.10.6.0</c>), from
/// about 10.15 on one a GPU architecture (<c>libnvinfer_builder_resource_sm90.so.11.2.1</c>). NVIDIA lists nowhere which file serves which
/// GPU, so what is found here is a hint: whether a build works, the builder itself tells.
/// </summary>
internal static partial class BuilderResources
{
    private const string Stem = "libnvinfer_builder_resource";

    /// <summary>Looks for the files of one version.</summary>
    /// <param name="version">TensorRT's: major, minor, patch.</param>
    /// <param name="computeCapability">The GPU's, e.g. 8.7; null where there is none.</param>
    /// <param name="folders">Where to look, the first first.</param>
    /// <returns>Whether the builder probably works, and a sentence.</returns>
    public static (bool IsFound, string Text) Find(Version version, Version? computeCapability, IReadOnlyList<string> folders)
    {
        string suffix = $".so.{version.Major}.{version.Minor}.{version.Build}";
        List<(string Folder, string Name)> files = [.. folders.Where(Directory.Exists).SelectMany(
            folder => Directory.EnumerateFiles(folder, Stem + "*.so.*").Select(path => (folder, Path.GetFileName(path))).Order())];
        List<(string Folder, string Name)> fitting = [.. files.Where(file => file.Name.EndsWith(suffix, StringComparison.Ordinal))];
        (string Folder, string Name) whole = fitting.Find(file => file.Name == Stem + suffix);
        if (whole.Name is not null)
            return (true, $"{Path.Combine(whole.Folder, whole.Name)} (for every GPU)");
        List<(int Architecture, string Path)> parts = [];
        foreach ((string folder, string name) in fitting)
            if (PartPattern().Match(name) is { Success: true } match)
                parts.Add((int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), Path.Combine(folder, name)));
        if (parts.Count > 0)
            return Choose(parts, computeCapability, suffix);
        string others = string.Join(
            ", ", files.Where(file => PartPattern().IsMatch(file.Name) || file.Name.StartsWith(Stem + ".so.", StringComparison.Ordinal))
                .Select(file => file.Name).Distinct());
        string wanted = computeCapability is null ? "" : $" (or {Stem}_sm{computeCapability.Major}{computeCapability.Minor}{suffix})";
        return (false, $"{Stem}{suffix}{wanted} was found neither beside the library nor in the loader's "
            + $"paths{(others.Length > 0 ? $", only {others}" : "")}: "
            + "engines run without it, but are probably not built; install NVIDIA's package that holds it, of this very version");
    }

    /// <summary>The folder of the loaded library, then those that the system's loader searches.</summary>
    public static IReadOnlyList<string> Folders(string libraryPath)
    {
        List<string> folders = [];
        if (Path.IsPathRooted(libraryPath))
        {
            folders.Add(Path.GetDirectoryName(libraryPath)!);
            // The package's own folder, where the name is a link to it.
            if (File.Exists(libraryPath) && File.ResolveLinkTarget(libraryPath, returnFinalTarget: true) is { } target)
                folders.Add(Path.GetDirectoryName(target.FullName)!);
        }
        folders.AddRange((Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        if (Directory.Exists("/etc/ld.so.conf.d"))
            foreach (string file in Directory.EnumerateFiles("/etc/ld.so.conf.d", "*.conf").Order(StringComparer.Ordinal))
                folders.AddRange(File.ReadLines(file).Select(line => line.Trim()).Where(line => line.StartsWith('/')));
        folders.AddRange(["/lib64", "/usr/lib64", "/lib", "/usr/lib"]);
        return [.. folders.Distinct()];
    }

    // A file of the GPU's own architecture, else the newest of its major version before it: 8.7 takes sm86.
    private static (bool IsFound, string Text) Choose(
        List<(int Architecture, string Path)> parts, Version? computeCapability, string suffix)
    {
        string all = string.Join(", ", parts.Select(part => $"sm{part.Architecture}").Distinct());
        string where = Path.GetDirectoryName(parts[0].Path)!;
        if (computeCapability is null)
            return (true, $"{Path.Combine(where, Stem)}_*{suffix} for {all} (no GPU to choose for)");
        int wanted = (10 * computeCapability.Major) + computeCapability.Minor;
        (int Architecture, string Path) best = parts.Where(part => part.Architecture / 10 == computeCapability.Major
            && part.Architecture <= wanted).OrderDescending().FirstOrDefault();
        return best.Path is not null
            ? (true, $"{best.Path} (probably the one for compute capability {computeCapability})")
            : (false, $"{where} holds it for {all}, none of which is for this GPU of compute capability {computeCapability}: probably no "
                + $"engine can be built; install {Stem}_sm{wanted}{suffix}");
    }

    [GeneratedRegex(@"^libnvinfer_builder_resource_sm(\d+)\.so\.", RegexOptions.CultureInvariant)]
    private static partial Regex PartPattern();
}
