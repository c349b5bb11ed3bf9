using System.Text.Json;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>Weights as people have them, and networks whose weights are read back, by the program's commands.</summary>
public sealed class WeightsCommandTests : EngineFixture
{
    private static string Network(string name) => TestPaths.Data("forms", name + ".onnx");

    [Test]
    public void A_checkpoint_conditioned_on_a_bandwidth_asks_for_the_option_and_takes_it()
    {
        VocosConfig config = FormulaWeights.Config(24000, 128, 1280, 320, StftPadding.Same, 2);
        SafetensorsFile.Write(At("vocos.safetensors"), FormulaWeights.Create(config, rows: 4));
        WriteMel("m.npy", bands: 128);
        string[] synth = ["synth", "m.npy", "--model", "vocos.safetensors", "--output", "x.wav", "--padding", "same"];
        Run(synth).FailsWith(3, "conditioned on one of 4 bandwidths", "--bandwidth-id chooses one");
        CliRun run = Run([.. synth, "--bandwidth-id", "3", "--json"]).Succeeds();
        Assert.That(run.Json.GetProperty("samples").GetInt32(), Is.EqualTo(20 * 320));
        Assert.That(run.StandardError + run.Text, Does.Contain("fixed at bandwidth 3 of 0 to 3"));
    }

    [Test]
    public void A_config_elsewhere_is_named_by_an_option()
    {
        VocosConfig config = FormulaWeights.Config(22050, 80, 1024, 256, StftPadding.Same, 2) with { HasSlaneyScale = true, HasSlaneyNorm = true, MelMaxFrequency = 8000 };
        new VocosCheckpoint(config, FormulaWeights.Create(config)).Save(At("c"));
        File.Move(At("c/config.yaml"), At("settings.yml"));
        JsonElement json = Run("info", "c/model.safetensors", "--config", "settings.yml", "--json").Succeeds().Json;
        Assert.That((json.GetProperty("sampleRate").GetInt32(), json.GetProperty("padding").GetString(), json.GetProperty("melScale").GetString()),
            Is.EqualTo((22050, "same", "slaney, 0 to 8000 Hz, equal areas")));
        WriteWav("speech.wav");
        Run("mel", "speech.wav", "--model", "c", "--config", "settings.yml", "--output", "slaney.npy").Succeeds();
        Run("mel", "speech.wav", "--model", "c", "--sample-rate", "22050", "--output", "htk.npy").Succeeds();
        Assert.That(NpyVectors.ReadValues(At("slaney.npy")), Is.Not.EqualTo(NpyVectors.ReadValues(At("htk.npy"))));
        Run("info", "c/model.safetensors", "--config", "no.yml").FailsWith(4, "no.yml");
    }

    [TestCase("polar17")]
    [TestCase("waveform17")]
    [TestCase("half17")]
    public void The_weights_of_a_network_by_others_are_read_back_and_compared_with_it(string name)
    {
        CliRun run = Run("export", Network(name), "--output", "x.onnx").Succeeds();
        Assert.That(run.StandardError, Does.Match($@"note: .*{name}\.onnx: the weights that were read back equal the file to \d+\.\d dB, by ONNX Runtime"));
        JsonElement json = Run("info", "x.onnx", "--json").Succeeds().Json;
        Assert.That((json.GetProperty("fftLength").GetInt32(), json.GetProperty("hopLength").GetInt32()), Is.EqualTo((64, 16)));
    }

    [Test]
    public void A_network_of_another_kind_is_not_exported()
    {
        Run("export", Network("not-wavenext17"), "--output", "x.onnx").FailsWith(3, "MatMul '/last/MatMul' follows the head");
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public void A_network_by_others_is_built_in_the_fast_form_or_as_it_is_when_asked_for()
    {
        string[] build = ["build", Network("cartesian11"), "--output", "x.engine", "--opt", "16", "--max", "32", "--json", "--force"];
        JsonElement json = RunSimulated([], build).Succeeds().Json;
        Assert.That(json.GetProperty("form").GetString(), Is.EqualTo("shift"));
        Assert.That(json.GetProperty("snrDb").GetDouble(), Is.GreaterThan(20));
        CliRun asItIs = RunSimulated([], [.. build, "--as-is"]);
        Assert.That(asItIs.StandardError + asItIs.Text, Does.Not.Contain("read back"));
    }
}
