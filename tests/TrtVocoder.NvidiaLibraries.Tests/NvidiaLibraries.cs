using TrtVocoder.Bindings;
using TrtVocoder.TestSupport;

namespace TrtVocoder.NvidiaLibraries.Tests;

/// <summary>NVIDIA's own libraries, where this machine has them. A test that needs what is missing is skipped and says why.</summary>
[SetUpFixture]
public class NvidiaLibraries
{
    [OneTimeSetUp]
    public void FindShims()
    {
        foreach (string shim in LibraryLoader.Shim10.FileNames.Concat(LibraryLoader.Shim11.FileNames))
        {
            string path = Path.Combine(Simulator.NativeFolder, shim);
            if (!File.Exists(path))
                Needed.Missing($"{path} is missing: run './build.sh native'.", Assert.Ignore);
        }
        Environment.SetEnvironmentVariable("TRTV_SHIM_DIR", Simulator.NativeFolder);
    }

    /// <summary>Skips the test unless there is TensorRT-RTX.</summary>
    internal static void RequireRtx() => RequireFolder("TRTV_TENSORRT_RTX_DIR", "TensorRT-RTX");

    /// <summary>Skips the test unless there is TensorRT 10.</summary>
    internal static void RequireTensorRt() => RequireFolder("TRTV_TENSORRT_DIR", "TensorRT 10");

    /// <summary>Skips the test where there is a driver: what happens without one cannot be seen there.</summary>
    internal static void RequireNoDriver()
    {
        LoadResult driver = LibraryLoader.TryLoad(LibraryLoader.Cuda);
        if (driver.Loaded)
            Assert.Ignore($"An NVIDIA driver is installed ({driver.Attempts[^1].Path}): what users without one meet cannot be tried.");
    }

    /// <summary>A failure for users: of this library's kinds, one sentence with an end, and nothing of a stack trace.</summary>
    internal static TException Sentence<TException>(Action action)
        where TException : TrtVocoderException
    {
        TException failure = Assert.Throws<TException>(() => action())!;
        TestContext.Out.WriteLine(failure.Message);
        Assert.That(failure.Message, Does.EndWith(".").And.Not.Contain("\n").And.Not.Contain("   at ").And.Not.Contain(".."));
        return failure;
    }

    private static void RequireFolder(string variable, string library)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
            Needed.Missing($"{variable} is not set: no {library} to try.", Assert.Ignore, Needed.Nvidia);
    }
}
