using System.Text.Json;
using TrtVocoder.Cli.Commands;

namespace TrtVocoder.Cli.Tests;

/// <summary>Where <c>doctor</c> finds what TensorRT's builder needs, under the names that its versions use.</summary>
public class BuilderResourcesTests : EngineFixture
{
    private (bool IsFound, string Text) Find(string version, string? computeCapability, params string[] files)
    {
        foreach (string file in files)
            File.WriteAllText(At(file), "");
        return BuilderResources.Find(Version.Parse(version), computeCapability is null ? null : Version.Parse(computeCapability), ["/nonexistent", Folder]);
    }

    [Test]
    public void One_file_serves_every_GPU()
    {
        (bool found, string text) = Find("10.6.0.26", "9.0", "libnvinfer_builder_resource.so.10.6.0", "libnvinfer_builder_resource_win.so.10.6.0");
        Assert.That(found, text);
        Assert.That(text, Does.StartWith(At("libnvinfer_builder_resource.so.10.6.0")));
    }

    [TestCase("9.0", "_sm90.")]
    [TestCase("8.7", "_sm86.")]
    [TestCase("8.9", "_sm89.")]
    [TestCase("12.1", "_sm120.")]
    public void Of_files_for_architectures_the_newest_not_beyond_the_GPU_is_named(string computeCapability, string expected)
    {
        (bool found, string text) = Find("11.2.1.1", computeCapability, [.. ((int[])[75, 80, 86, 89, 90, 100, 120]).Select(sm => $"libnvinfer_builder_resource_sm{sm}.so.11.2.1")]);
        Assert.That(found, text);
        Assert.That(text, Does.StartWith(At("libnvinfer_builder_resource" + expected)));
    }

    [Test]
    public void Files_for_other_architectures_alone_are_not_enough()
    {
        (bool found, string text) = Find("11.2.1.1", "9.0", "libnvinfer_builder_resource_sm86.so.11.2.1", "libnvinfer_builder_resource_sm100.so.11.2.1");
        Assert.That(found, Is.False, text);
        Assert.That(text, Does.Contain("sm100, sm86").And.Contain("install libnvinfer_builder_resource_sm90.so.11.2.1"));
    }

    [Test]
    public void Files_of_another_version_are_not_enough_but_are_told()
    {
        (bool found, string text) = Find("10.6.0.26", "9.0", "libnvinfer_builder_resource.so.10.3.0");
        Assert.That(found, Is.False, text);
        Assert.That(text, Does.Contain("libnvinfer_builder_resource.so.10.6.0").And.Contain("only libnvinfer_builder_resource.so.10.3.0"));
    }

    [Test]
    public void Without_any_file_what_is_missing_is_named()
    {
        (bool found, string text) = Find("10.6.0.26", null);
        Assert.That(found, Is.False, text);
        Assert.That(text, Does.StartWith("libnvinfer_builder_resource.so.10.6.0 was found neither"));
    }

    [Test]
    [Platform("Linux")]
    public void Doctor_says_whether_engines_can_be_built_and_is_content_either_way()
    {
        foreach (string file in (string[])["libnvinfer.so.10", "libnvonnxparser.so.10"])
            File.CreateSymbolicLink(At(file), Path.Combine(SimulatorFolder, file));
        (string, string)[] environment = [("TRTV_TENSORRT_DIR", Folder)];
        CliRun without = RunSimulated(environment, "doctor").Succeeds();
        Assert.That(without.Text, Does.Match("optional  TensorRT 10 builder +libnvinfer_builder_resource.so.10.3.0 ").And.Contain("Engines can probably not be built here"));
        File.WriteAllText(At("libnvinfer_builder_resource.so.10.3.0"), "");
        JsonElement with = RunSimulated(environment, "doctor", "--json").Succeeds().Json;
        Assert.That(with.GetProperty("builders").EnumerateArray().Select(name => name.GetString()), Is.EqualTo((string[])["TensorRT 10"]));
    }
}
