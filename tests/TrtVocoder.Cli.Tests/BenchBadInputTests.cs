namespace TrtVocoder.Cli.Tests;

/// <summary>What <c>bench</c> says to bad input, before it measures anything.</summary>
public class BenchBadInputTests : CliFixture
{
    private void Fails(int exitCode, string[] arguments, params string[] words) => Run(["bench", .. arguments]).FailsWith(exitCode, words);

    [Test]
    public void Missing_models_lists_and_results_are_named()
    {
        Fails(2, [], "A MODEL is missing");
        Fails(4, ["none.onnx"], "There is no model none.onnx");
        Fails(4, ["none.onnx", "--cold-start"], "There is no model none.onnx");
        Fails(4, [Model, "--versus", "none.onnx"], "There is no model none.onnx");
        Fails(4, [Model, "--lengths", "none.txt"], "There is no file none.txt");
        Fails(4, [Model, "--against", "none.json"], "There is no file none.json");
        Fails(4, ["--compare", "none.json", "none.json"], "There is no file none.json");
        Assert.That(Files, Is.Empty);
    }

    [TestCase("# nothing\n\n", "holds no lengths")]
    [TestCase("64\n0\n", "line 2", "'0'")]
    [TestCase("64\n12.5\n", "line 2", "'12.5'")]
    [TestCase("64\n128\nsixty-four\n", "line 3", "'sixty-four'")]
    [TestCase("64\n-5\n", "line 2", "'-5'")]
    [TestCase("99999999999\n", "line 1", "1 to 100000")]
    public void Bad_lengths_are_located(string text, params string[] words)
    {
        File.WriteAllText(At("lengths.txt"), text);
        Fails(3, [Model, "--lengths", "lengths.txt"], ["lengths.txt", .. words]);
    }

    [TestCase("--frames", "0")]
    [TestCase("--frames", "64,")]
    [TestCase("--frames", "many")]
    [TestCase("--batch", "0")]
    [TestCase("--batch", "1,")]
    [TestCase("--batch", "1,many")]
    [TestCase("--iterations", "0")]
    [TestCase("--warm-up", "-1")]
    [TestCase("--duration", "-1")]
    [TestCase("--duration", "NaN")]
    [TestCase("--sessions", "0")]
    [TestCase("--sessions", "1000")]
    [TestCase("--threads", "-1")]
    [TestCase("--istft-threads", "-1")]
    [TestCase("--in-flight", "-1")]
    [TestCase("--windows", "64,none")]
    [TestCase("--windows", "8")]
    [TestCase("--versus-windows", "0")]
    [TestCase("--batch", "100000")]
    [TestCase("--report", "r.pdf")]
    [TestCase("--report", "-")]
    [TestCase("--export-times", "")]
    public void Values_out_of_range_are_refused(string option, string value)
    {
        CliRun run = Run("bench", Model, $"{option}={value}");
        run.FailsWith(2);
        Assert.That(run.StandardError, Does.Contain(option).Or.Contain("window"));
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public void One_frame_decodes_to_nothing() => Fails(3, [Model, "--frames", "1"], "1 frame decodes to no samples");

    [Test]
    public void An_output_that_exists_is_kept_without_force()
    {
        File.WriteAllText(At("x.json"), "old");
        Fails(4, [Model, "--export-times", "x.json"], "x.json exists already", "--force");
        Fails(4, [Model, "--report", "none/r.html"], "none", "does not exist");
        Fails(2, [Model, "--export-times", "y.json", "--export-profile", "./y.json"], "named twice");
        Assert.That(File.ReadAllText(At("x.json")), Is.EqualTo("old"));
    }

    [TestCase("Call me Ishmael", "no JSON")]
    [TestCase("{}", "'tool' is missing")]
    [TestCase("[]", "type")]
    [TestCase("""{"tool": "t", "device": "d", "model": "m"}""", "'runs' is missing")]
    [TestCase("""{"tool": "t", "device": "d", "model": "m", "runs": 1}""", "type")]
    [TestCase("""{"tool": "t", "device": "d", "model": "m", "runs": [{"frames": 1, "audio_ms": {"min": 1}}]}""", "'mean' is missing")]
    [TestCase("""{"tool": "t", "device": "d", "model": "m", "runs": [{"frames": "many"}]}""", "type")]
    public void Files_of_another_format_are_refused(string text, string words)
    {
        File.WriteAllText(At("x.json"), text);
        Fails(3, [Model, "--against", "x.json"], "x.json is not what", words);
        Fails(3, ["--compare", "x.json", "x.json"], "x.json is not what", words);
    }

    [Test]
    public void Results_without_a_workload_in_common_cannot_be_compared()
    {
        File.WriteAllText(At("x.json"), """{"tool": "t", "device": "d", "model": "m", "runs": []}""");
        Fails(3, ["--compare", "x.json", "x.json"], "no workload in common");
        Fails(2, ["--compare", "x.json"], "two files");
        Fails(2, [Model, "--compare", "x.json", "x.json"], "takes no model");
    }

    [Test]
    public void Modes_that_exclude_each_other_are_refused()
    {
        Fails(2, [Model, "--mode", "sideways"], "sideways", "pipelined");
        Fails(2, [Model, "--versus", Model, "--report", "r.html"], "--versus only compares");
        Fails(2, [Model, "--versus", Model, "--busy-host"], "--versus only compares");
        Fails(2, [Model, "--cold-start", "--export-times", "t.json"], "--cold-start measures program starts only");
        Assert.That(Files, Is.Empty);
    }
}
