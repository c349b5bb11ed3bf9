namespace TrtVocoder.TestSupport;

/// <summary>Where the repository's test data and models lie, found from the test's own folder upwards.</summary>
public static class TestPaths
{
    /// <summary>The repository's root: the first folder upwards that holds TrtVocoder.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file or folder below tests/data.</summary>
    public static string Data(params string[] parts) => Path.Combine([Root, "tests", "data", .. parts]);

    /// <summary>A file or folder below models.</summary>
    public static string Models(params string[] parts) => Path.Combine([Root, "models", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "TrtVocoder.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds TrtVocoder.sln.");
    }
}
