using Microsoft.Extensions.FileSystemGlobbing;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Inputs;

/// <summary>The files that a command line's inputs stand for: files, folders (their audio and mels, not those of subfolders), globs, and - for standard input.</summary>
internal sealed record InputSet(IReadOnlyList<string> Files, bool IsMany)
{
    private static readonly string[] Extensions = [".wav", ".npy", ".npz", ".safetensors"];

    public static InputSet Expand(IReadOnlyList<string> inputs)
    {
        List<string> files = [];
        bool isMany = inputs.Count > 1;
        foreach (string input in inputs)
        {
            if (input == OutputPath.Standard || File.Exists(input))
            {
                files.Add(input);
                continue;
            }
            bool isFolder = Directory.Exists(input);
            if (!isFolder && input.AsSpan().IndexOfAny('*', '?', '[') < 0)
                throw CliException.FileSystem($"There is no file {(input.Length == 0 ? "with an empty name" : input)}.");
            isMany = true;
            List<string> found = [.. isFolder ? Directory.EnumerateFiles(input) : Glob(input)];
            found.RemoveAll(file => !Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));
            if (found.Count == 0)
                throw CliException.FileSystem($"{input} holds no {string.Join(", ", Extensions)} file.");
            found.Sort(StringComparer.Ordinal);
            files.AddRange(found);
        }
        if (isMany && files.Contains(OutputPath.Standard))
            throw CliException.Usage("Standard input (-) stands alone: it cannot be one of several inputs.");
        return new InputSet([.. files.Distinct(StringComparer.Ordinal)], isMany);
    }

    // The part before the first wildcard is the folder to search; ** goes through subfolders.
    private static IEnumerable<string> Glob(string pattern)
    {
        int wildcard = pattern.AsSpan().IndexOfAny('*', '?', '[');
        int slash = pattern.LastIndexOf('/', wildcard);
        string folder = slash < 0 ? "." : slash == 0 ? "/" : pattern[..slash];
        if (!Directory.Exists(folder))
            return [];
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(pattern[(slash + 1)..]);
        return matcher.GetResultsInFullPath(folder).Select(full => slash < 0 ? Path.GetRelativePath(".", full) : full);
    }
}
