using System.Text.RegularExpressions;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;
using TrtVocoder.Cli.Running;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Inputs;

/// <summary>
/// The files that a command line's inputs stand for: files, folders (their audio and mels, not those of subfolders), globs, and - for
/// standard input.
/// </summary>
internal sealed record InputSet(IReadOnlyList<string> Files, bool IsMany)
{
    private static readonly string[] Extensions = [".wav", ".npy", ".npz", ".safetensors"];

    public static InputSet Expand(IReadOnlyList<string> inputs)
    {
        List<string> files = [];
        bool isMany = inputs.Count > 1;
        foreach (string input in inputs)
        {
            if (input == OutputPath.Standard || InputFile.KindOf(input) is not (null or FileKind.Folder))
            {
                files.Add(input);
                continue;
            }
            bool isFolder = Directory.Exists(input);
            if (!isFolder && input.AsSpan().IndexOfAny('*', '?') < 0)
                throw CliException.FileSystem(
                    $"There is no file {(input.Length == 0 ? "with an empty name" : input)}{InputFile.WhyNotFound(input)}.");
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

    // The part before the first wildcard is the folder to search; ** goes through subfolders, * and ? stay within a name. All else means
    // itself.
    private static IEnumerable<string> Glob(string pattern)
    {
        int wildcard = pattern.AsSpan().IndexOfAny('*', '?');
        int slash = pattern.LastIndexOf('/', wildcard);
        string folder = slash < 0 ? "." : slash == 0 ? "/" : pattern[..slash];
        if (!Directory.Exists(folder))
            return [];
        string[] parts = pattern[(slash + 1)..].Split('/');
        Matcher matcher = new(StringComparison.Ordinal);
        // The library knows no ?; what it finds for * is sieved.
        matcher.AddInclude(string.Join('/', parts.Select(part => part.Contains('?', StringComparison.Ordinal) ? "*" : part)));
        Regex exact = new($"^{string.Concat(parts.Select((part, i) => part == "**" ? "(?:.*/)?" : Regex.Escape(part).Replace("\\*", "[^/]*", StringComparison.Ordinal).Replace("\\?", "[^/]", StringComparison.Ordinal) + (i < parts.Length - 1 ? "/" : "")))}$", RegexOptions.CultureInvariant);
        return matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(folder))).Files
            .Where(match => !pattern.Contains('?', StringComparison.Ordinal) || exact.IsMatch(match.Path))
            .Select(match => slash < 0 ? match.Path : Path.Combine(folder, match.Path));
    }
}
