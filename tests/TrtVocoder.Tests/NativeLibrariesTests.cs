using TrtVocoder.Bindings;

namespace TrtVocoder.Tests;

public sealed class NativeLibrariesTests
{
    [Test]
    public void A_missing_library_is_one_sentence_with_what_to_install_and_every_path_tried()
    {
        using TemporaryFolderVariable folder = new();
        NativeLibraryInfo missing = LibraryLoader.Fftw with { ImportName = "missing", FolderVariable = folder.Name };

        NativeLibraryException? exception = Assert.Throws<NativeLibraryException>(() => NativeLibraries.Require(missing));
        Assert.Multiple(() =>
        {
            Assert.That(exception!.Message, Does.StartWith("FFTW (single precision) could not be loaded: ").And.EndsWith(")."));
            Assert.That(exception.Message, Does.Contain(folder.Name).And.Not.Contain("\n"));
            if (OperatingSystem.IsLinux())
                Assert.That(exception.Message, Does.Contain("libfftw3-single3"));
            Assert.That(exception.PathsTried, Has.Count.EqualTo(missing.FileNames.Count(name => !Path.IsPathRooted(name))));
            Assert.That(exception.PathsTried, Has.All.StartsWith(folder.Path));
        });
    }

    [Test]
    public void A_folder_named_by_the_variable_is_the_only_one_searched()
    {
        using TemporaryFolderVariable folder = new();
        NativeLibraryInfo missing = LibraryLoader.Fftw with { ImportName = "elsewhere", FolderVariable = folder.Name };
        Assert.That(LibraryLoader.TryLoad(missing).Loaded, Is.False, "The system's own FFTW must not stand in silently.");
    }

    [Test]
    public void A_file_that_is_no_library_is_reported_with_the_loaders_own_words()
    {
        using TemporaryFolderVariable folder = new();
        NativeLibraryInfo broken = LibraryLoader.Fftw with { ImportName = "broken", FolderVariable = folder.Name };
        File.WriteAllText(Path.Combine(folder.Path, broken.FileNames[0]), "not a library");

        LoadResult result = LibraryLoader.TryLoad(broken);
        Assert.That(result.Attempts[0].Error, Is.Not.Null.And.Not.Empty);
        Assert.That(result.Attempts, Has.Count.GreaterThan(1));
    }

    [Test]
    public void A_loaded_library_says_where_it_came_from()
    {
        LoadResult result = LibraryLoader.TryLoad(LibraryLoader.Fftw);
        Assert.That(result.Loaded, result.Describe());
        Assert.That(LibraryLoader.TryLoad(LibraryLoader.Fftw), Is.SameAs(result));
    }

    private sealed class TemporaryFolderVariable : IDisposable
    {
        public TemporaryFolderVariable() => Environment.SetEnvironmentVariable(Name, Path);

        public string Name { get; } = "TRTV_TEST_DIR_" + Guid.NewGuid().ToString("N");

        public string Path { get; } = Directory.CreateTempSubdirectory("trtv").FullName;

        public void Dispose()
        {
            Environment.SetEnvironmentVariable(Name, null);
            Directory.Delete(Path, recursive: true);
        }
    }
}
