using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Tests.TensorRt;

public class EngineSidecarTests
{
    private string _folder = "";
    private string _engine = "";

    private static readonly VocoderMetadata Metadata = new()
    {
        SampleRate = 24000,
        FftLength = 1024,
        HopLength = 256,
        MelCount = 100,
        Padding = StftPadding.Center,
        Layout = SpectrumLayout.FrameMajor,
        MelFloor = 1e-5f,
        ReceptiveFieldFrames = 27,
        ModelHash = "abc",
    };

    private static EngineSidecar Sidecar => new()
    {
        FormatVersion = EngineSidecar.CurrentFormat,
        Runtime = "TensorRT",
        RuntimeVersion = "10.3.0",
        Gpu = "Orin",
        ComputeCapability = "8.7",
        EngineBytes = 5,
        Onnx = "vocos.onnx",
        OnnxSha256 = "00ff",
        Profiles = [new TrtOptimizationProfile(1, 1, 4, 1, 256, 512)],
        Settings = new Dictionary<string, string> { ["workspace"] = "1024M", ["quote"] = "\"ä" },
        Metadata = Metadata.ToProperties(),
    };

    [SetUp]
    public void MakeEngine()
    {
        _folder = Directory.CreateTempSubdirectory().FullName;
        _engine = Path.Combine(_folder, "vocos.engine");
        File.WriteAllText(_engine, "12345");
    }

    [TearDown]
    public void RemoveEngine() => Directory.Delete(_folder, recursive: true);

    [TestCase("\"workspace\": \"1024M\"", "\"workspace\": null", "holds null")]
    [TestCase("\"trtvocoder.precision\": \"\"", "\"trtvocoder.precision\": null", "holds null")]
    [TestCase("\"profiles\": [", "\"profiles\": [null,", "holds null")]
    [TestCase("\"refusals\": []", "\"refusals\": [{\"form\": \"conv\"}]", "holds null")]
    [TestCase("\"opt_frames\": 256", "\"opt_frames\": 0", "its frames are 1, 0, 512")]
    [TestCase("\"gpu\": \"Orin\"", "\"gpu\": \"Orin\", \"gpu\": \"Thor\"", "cannot be read as an engine's sidecar")]
    public void Nulls_within_and_names_twice_are_refused(string from, string to, string message)
    {
        Sidecar.Write(_engine);
        string json = File.ReadAllText(_engine + ".json");
        Assert.That(json, Does.Contain(from));
        File.WriteAllText(_engine + ".json", json.Replace(from, to, StringComparison.Ordinal));
        Assert.That(() => EngineSidecar.TryRead(_engine), Throws.TypeOf<DataFormatException>().With.Message.Contains(message));
    }

    [Test]
    public void A_sidecar_of_an_earlier_version_lacks_what_came_later()
    {
        const string Json = """
            {"format_version": 1, "runtime": "TensorRT", "runtime_version": "10.3.0", "gpu": "Orin", "compute_capability": "8.7", "engine_bytes": 5, "onnx": "a.onnx",
            "onnx_sha256": "ab", "profiles": [], "settings": {}, "metadata": {}}
            """;
        File.WriteAllText(_engine + ".json", Json);
        EngineSidecar? read = EngineSidecar.TryRead(_engine);
        Assert.That((read?.Form, read?.Refusals.Count, read?.Verification), Is.EqualTo(("", 0, (TrtVerification?)null)));
    }

    [TestCase("n_fft", "1073741824")]
    [TestCase("hop_length", "2147483646")]
    [TestCase("sample_rate", "2147483647")]
    [TestCase("receptive_field_frames", "2147483647")]
    public void Metadata_beyond_any_vocoder_are_refused(string key, string value)
    {
        Dictionary<string, string> properties = new(Metadata.ToProperties()) { ["trtvocoder." + key] = value };
        Assert.That(() => VocoderMetadata.TryFromProperties(properties, "x.json"), Throws.TypeOf<DataFormatException>().With.Message.Contains($"'{value}', expected a whole number from"));
    }

    [Test]
    public void What_is_written_is_read()
    {
        Sidecar.Write(_engine);
        EngineSidecar? read = EngineSidecar.TryRead(_engine);
        Assert.That(read, Is.Not.Null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.Exists(_engine + ".json"));
            Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(2), "no temporary file stays");
            Assert.That(read!.GetMetadata(_engine), Is.EqualTo(Metadata));
            Assert.That(read.Profiles, Is.EqualTo(Sidecar.Profiles));
            Assert.That(read.Settings, Is.EqualTo(Sidecar.Settings));
            Assert.That((read.Runtime, read.RuntimeVersion, read.Gpu, read.ComputeCapability), Is.EqualTo(("TensorRT", "10.3.0", "Orin", "8.7")));
        }
    }

    [Test]
    public void The_sidecar_of_an_engine_behind_a_link_belongs_to_it()
    {
        Sidecar.Write(_engine);
        string link = Path.Combine(_folder, "model.engine");
        File.CreateSymbolicLink(link, _engine);
        File.CreateSymbolicLink(EngineSidecar.PathFor(link), EngineSidecar.PathFor(_engine));
        Assert.That(EngineSidecar.TryRead(link)!.EngineBytes, Is.EqualTo(new FileInfo(_engine).Length));
    }

    [Test]
    public void An_engine_without_a_sidecar_has_none() => Assert.That(EngineSidecar.TryRead(_engine), Is.Null);

    [TestCase("{", "cannot be read")]
    [TestCase("[]", "cannot be read")]
    [TestCase("null", "holds no sidecar")]
    [TestCase("{}", "cannot be read")]
    public void A_foreign_sidecar_is_refused_by_name(string json, string expected) => Refused(json, expected);

    [TestCase("engine_bytes\": 5", "engine_bytes\": 7", "another engine, of 7 bytes where this one has 5")]
    [TestCase("format_version\": 1", "format_version\": 2", "form 2")]
    [TestCase("\"Orin\"", "null", "cannot be read")]
    [TestCase("min_frames\": 1", "min_frames\": \"x\"", "cannot be read")]
    public void A_changed_sidecar_is_refused_by_name(string what, string by, string expected)
    {
        Sidecar.Write(_engine);
        string json = File.ReadAllText(_engine + ".json");
        Assert.That(json, Does.Contain(what));
        Refused(json.Replace(what, by, StringComparison.Ordinal), expected);
    }

    private void Refused(string json, string expected)
    {
        File.WriteAllText(_engine + ".json", json);
        Assert.That(() => EngineSidecar.TryRead(_engine), Throws.TypeOf<DataFormatException>().With.Message.Contains(expected).And.Message.Contains("vocos.engine.json"));
    }

    [Test]
    public void A_folder_that_is_not_there_leaves_nothing_behind() =>
        Assert.That(() => Sidecar.Write(Path.Combine(_folder, "no", "x.engine")), Throws.InstanceOf<IOException>());
}
