namespace TrtVocoder.Bindings.Generator;

/// <summary>Runs a target: header in, C# out.</summary>
public static class BindingGenerator
{
    /// <summary>The repository's root: the first folder upwards from <paramref name="start"/> that holds TrtVocoder.sln.</summary>
    public static string FindRoot(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "TrtVocoder.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {start} holds TrtVocoder.sln.");
    }

    /// <summary>Parses a target's header.</summary>
    /// <exception cref="InvalidDataException">The header is outside the subset; the message names the file and line.</exception>
    public static HeaderModel Parse(string root, GenerationTarget target)
    {
        try
        {
            return HeaderParser.Parse(File.ReadAllText(Path.Combine(root, target.Header)));
        }
        catch (HeaderException error)
        {
            throw new InvalidDataException($"{target.Header}: {error.Message}", error);
        }
    }

    /// <summary>The C# text of a target.</summary>
    /// <exception cref="InvalidDataException">The header is outside the subset; the message names the file and the reason.</exception>
    public static string Generate(string root, GenerationTarget target)
    {
        HeaderModel model = Parse(root, target);
        try
        {
            return new CSharpWriter(model, target).Write();
        }
        catch (NotSupportedException error)
        {
            throw new InvalidDataException($"{target.Header}: {error.Message}", error);
        }
    }

    /// <summary>What differs between the checked-in file and what the header says now; null when nothing does.</summary>
    public static string? Drift(string root, GenerationTarget target)
    {
        string path = Path.Combine(root, target.Output);
        if (!File.Exists(path))
            return $"{target.Output}: missing";
        string[] actual = File.ReadAllText(path).Split('\n');
        string[] expected = Generate(root, target).Split('\n');
        int line = actual.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
        if (line == actual.Length && line == expected.Length)
            return null;
        static string At(string[] lines, int line) => line < lines.Length ? lines[line].Trim() : "(end of file)";
        return $"{target.Output}, line {line + 1}: has \"{At(actual, line)}\", {target.Header} says \"{At(expected, line)}\"";
    }
}
