using System.Runtime.InteropServices;

namespace TrtVocoder.Bindings.Tests;

public class LibraryLoaderTests
{
    [TestCase("linux-x64", Architecture.X64, "linux-x64")]
    [TestCase("ubuntu.24.04-x64", Architecture.X64, "linux-x64")]
    [TestCase("debian.12-arm64", Architecture.Arm64, "linux-arm64")]
    [TestCase("linux-musl-x64", Architecture.X64, "linux-musl-x64")]
    [TestCase("alpine.3.20-arm64", Architecture.Arm64, "linux-musl-arm64")]
    public void A_packages_folder_has_the_portable_name_whatever_dotnet_was_built_for(string identifier, Architecture architecture, string expected)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("these are names that .NET has on Linux");
        Assert.That(LibraryLoader.PortableIdentifier(identifier, architecture), Is.EqualTo(expected));
    }
}
