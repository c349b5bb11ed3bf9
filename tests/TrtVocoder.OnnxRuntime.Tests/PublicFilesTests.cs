using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>
/// The README's table of public files, a test a row: on a twin with the same names, shapes and metadata and random weights, at full size. That
/// the numbers are right is held by small models with PyTorch's answers (<see cref="CheckpointFormTests"/>, <see cref="OnnxImporterTests"/>).
/// </summary>
public sealed class PublicFilesTests
{
    private static readonly VocosConfig Full = RandomCheckpoint.FullSize;
    private static readonly VocosConfig Full22 = Full with { SampleRate = 22050, MelCount = 80, Padding = StftPadding.Same, MelMaxFrequency = 8000, HasSlaneyScale = true, HasSlaneyNorm = true };

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [TearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void The_tables_rows_are_those_that_are_tried()
    {
        string[] lines = File.ReadAllLines(Path.Combine(TestPaths.Root, "README.md"));
        int start = Array.FindIndex(lines, line => line == "## Public files");
        string[] rows = [.. lines.Skip(start + 1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        string[] tried = [.. typeof(PublicFilesTests).GetMethods().SelectMany(method => method.GetCustomAttributes(typeof(RowAttribute), false)).Cast<RowAttribute>().Select(row => row.Name)];
        Assert.That(start, Is.Positive);
        Assert.That(rows.Select(row => row.Split('|')[1].Trim()), Is.EquivalentTo(tried));
    }

    [Test]
    [Row("`vocos-mel-24khz`")]
    public void Charactr_vocos_mel_24khz() => AssertCheckpoint(Full, "pytorch_model.bin", UpstreamConfig);

    [Test]
    [Row("`Vocos.pt`, `vocos.safetensors` without a config")]
    public void Copies_in_other_products() => AssertCheckpoint(Full, "Vocos.pt", _ => null, "Vocos.pt");

    [Test]
    [Row("`vocos-mel-22khz`")]
    public void BscLt_vocos_mel_22khz() => AssertCheckpoint(Full22, "pytorch_model.bin", UpstreamConfig);

    [Test]
    [Row("`vocos-mel-hifigan-compat-44100khz`")]
    public void Patriotyk_hifigan_compat() =>
        AssertCheckpoint(Full22 with { SampleRate = 44100, FftLength = 2048, HopLength = 512 }, "pytorch_model.bin", UpstreamConfig);

    [Test]
    [Row("`vocos-mel-48khz-alpha1`")]
    public void Kittn_vocos_mel_48khz() =>
        AssertCheckpoint(Full with { SampleRate = 48000, MelCount = 128, FftLength = 2048 }, "pytorch_model.bin", UpstreamConfig);

    [Test]
    [Row("`vocos-mel-24khz` of the transformers library")]
    public void Hf_audio_vocos_mel_24khz() => AssertCheckpoint(
        Full, "model.safetensors",
        _ => """{"architectures": ["VocosModel"], "model_type": "vocos", "input_channels": 100, "hidden_size": 512, "intermediate_size": 1536, "num_layers": 8, "kernel_size": 7, "padding": 3, "layer_norm_eps": 1e-06, "n_fft": 1024, "hop_length": 256, "istft_padding": "center", "sampling_rate": 24000}""",
        rename: name => name.Replace("backbone.convnext.", "layers.", StringComparison.Ordinal).Replace("backbone.", "", StringComparison.Ordinal)
            .Replace(".gamma", ".layer_scale_parameter", StringComparison.Ordinal).Replace("head.out.", "decoder.out.", StringComparison.Ordinal));

    [Test]
    [Row("`vocos-encodec-24khz`")]
    public void Charactr_vocos_encodec_24khz()
    {
        VocosConfig config = Full with { MelCount = 128, FftLength = 1280, HopLength = 320, Padding = StftPadding.Same, Dim = 384, IntermediateDim = 1152 };
        Dictionary<string, FloatTensor> tensors = [];
        foreach ((string name, FloatTensor tensor) in RandomCheckpoint.Create(config).Tensors)
        {
            if (!name.Contains("norm.", StringComparison.Ordinal) || name.Contains("final", StringComparison.Ordinal))
            {
                tensors.Add(name, tensor);
                continue;
            }
            float[] table = [.. Enumerable.Range(0, 4).SelectMany(row => tensor.Values.ToArray().Select(value => value + row))];
            tensors.Add(name.Replace("norm.weight", "norm.scale.weight", StringComparison.Ordinal).Replace("norm.bias", "norm.shift.weight", StringComparison.Ordinal), new FloatTensor([4, 384], table));
        }
        tensors.Add("feature_extractor.codebook_weights", new FloatTensor([8192, 128], new float[8192 * 128]));
        File.WriteAllBytes(Path.Combine(_folder, "pytorch_model.bin"), TorchFileWriter.FromTensors(tensors).ToZip());
        string text = UpstreamConfig(config)!;
        text = "feature_extractor:\n  class_path: vocos.feature_extractors.EncodecFeatures\n  init_args:\n    encodec_model: encodec_24khz\n    bandwidths: [1.5, 3.0, 6.0, 12.0]\n"
            + text[text.IndexOf("\nbackbone:", StringComparison.Ordinal)..].Replace("num_layers: 8", "num_layers: 8\n    adanorm_num_embeddings: 4", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "config.yaml"), text);
        AssertDecodes(VocosCheckpoint.Load(_folder, new CheckpointOptions { BandwidthId = 2 }), config);
    }

    [Test]
    [Row("`mel_spec_24khz.onnx`")]
    public void Wetdog_mel_spec_24khz() => AssertNetwork(Full, "mels", ["mag", "x", "y"], []);

    [Test]
    [Row("`vocos_24khz.onnx`")]
    public void Sherpa_vocos_24khz() => AssertNetwork(Full, "mels", ["mag", "x", "y"], Sherpa(24000));

    [Test]
    [Row("`vocos-22khz-univ.onnx`, `mel_spec_22khz_univ.onnx`")]
    public void Sherpa_vocos_22khz() => AssertNetwork(Full with { SampleRate = 22050, MelCount = 80 }, "mels", ["mag", "x", "y"], Sherpa(22050));

    [Test]
    [Row("`vocos-16khz-univ.onnx`")]
    public void Sherpa_vocos_16khz()
    {
        Dictionary<string, string> metadata = Sherpa(16000);
        metadata.Remove("n_fft");
        AssertNetwork(Full with { SampleRate = 16000, MelCount = 80 }, "mels", ["mag", "x", "y"], metadata);
    }

    [Test]
    [Row("`vocos.onnx` with `stft_real`, `stft_imag`")]
    public void Real_and_imaginary_parts() => AssertNetwork(Full, "mel_spectrogram", ["stft_real", "stft_imag"], []);

    [Test]
    [Row("`vocos.pt` of MeanVC")]
    public void TorchScript_is_refused()
    {
        string path = Path.Combine(_folder, "vocos.pt");
        using (System.IO.Compression.ZipArchive archive = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Create))
            foreach (string name in (ReadOnlySpan<string>)["vocos/data.pkl", "vocos/code/__torch__/vocos.py", "vocos/constants.pkl"])
                archive.CreateEntry(name, System.IO.Compression.CompressionLevel.NoCompression);
        Assert.That(() => VocosCheckpoint.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("a TorchScript program"));
    }

    [Test]
    [Row("`WavTokenizer-*`")]
    public void A_codec_is_refused()
    {
        Dictionary<string, FloatTensor> tensors = new(RandomCheckpoint.Create(RandomCheckpoint.Smallest).Tensors)
        {
            ["backbone.pos_net.0.norm1.weight"] = new FloatTensor([4], [1, 2, 3, 4]),
            ["feature_extractor.encodec.quantizer.vq.layers.0._codebook.embed"] = new FloatTensor([2, 2], new float[4]),
        };
        TorchFileWriter writer = new() { Wrapper = "state_dict" };
        writer.AddAll(tensors);
        string path = Path.Combine(_folder, "wavtokenizer.ckpt");
        File.WriteAllBytes(path, writer.ToZip());
        Assert.That(() => VocosCheckpoint.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("neural codec"));
    }

    [Test]
    [Row("`*-mlx`")]
    public void Mlx_is_refused()
    {
        Dictionary<string, FloatTensor> tensors = RandomCheckpoint.Create(RandomCheckpoint.Smallest).Tensors.ToDictionary(
            pair => pair.Key, pair => pair.Value.Shape.Length < 3 ? pair.Value : new FloatTensor([pair.Value.Shape[0], 7, pair.Value.Shape[1]], pair.Value.Values.ToArray()));
        string path = Path.Combine(_folder, "model.safetensors");
        SafetensorsFile.Write(path, tensors);
        Assert.That(() => VocosCheckpoint.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("for MLX"));
    }

    [Test]
    [Row("`*.gguf`")]
    public void Gguf_is_refused()
    {
        string path = Path.Combine(_folder, "vocos.gguf");
        File.WriteAllBytes(path, [.. "GGUF"u8, 3, 0, 0, 0, .. new byte[64]]);
        Assert.That(() => VocosCheckpoint.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("(gguf)"));
    }

    private static string? UpstreamConfig(VocosConfig config) => VocosConfigWriter.Write(config);

    private static Dictionary<string, string> Sherpa(int rate) => new()
    {
        ["model_type"] = "vocos",
        ["sample_rate"] = rate.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["n_fft"] = "1024",
        ["hop_length"] = "256",
        ["win_length"] = "1024",
        ["window_type"] = "hann",
        ["center"] = "1",
        ["pad_mode"] = "reflect",
        ["normalized"] = "0",
        ["version"] = "1",
    };

    private void AssertCheckpoint(VocosConfig config, string weights, Func<VocosConfig, string?> makeConfig, string? file = null, Func<string, string>? rename = null)
    {
        Dictionary<string, FloatTensor> tensors = RandomCheckpoint.Create(config).Tensors.ToDictionary(pair => rename?.Invoke(pair.Key) ?? pair.Key, pair => pair.Value);
        string path = Path.Combine(_folder, weights);
        if (weights.EndsWith(".safetensors", StringComparison.Ordinal))
            SafetensorsFile.Write(path, tensors);
        else
            File.WriteAllBytes(path, TorchFileWriter.FromTensors(tensors).ToZip());
        if (makeConfig(config) is { } text)
            File.WriteAllText(Path.Combine(_folder, text.StartsWith('{') ? "config.json" : "config.yaml"), text);
        AssertDecodes(VocosCheckpoint.Load(file is null ? _folder : Path.Combine(_folder, file)), config);
    }

    private void AssertDecodes(VocosCheckpoint checkpoint, VocosConfig config)
    {
        Assert.That(checkpoint.Config, Is.EqualTo(config));
        string path = Path.Combine(_folder, "x.onnx");
        OnnxExporter.Export(checkpoint, path, new OnnxExportOptions { Form = NetworkForm.Conv });
        using Vocoder vocoder = Vocoder.Load(path, new VocoderOptions { Threads = 1 });
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(8)];
        session.Decode(FormulaWeights.Mel(config.MelCount, 8), 8, audio);
        Assert.That(vocoder.Metadata.SampleRate, Is.EqualTo(config.SampleRate));
        Assert.That(audio, Has.Length.EqualTo((config.Padding == StftPadding.Same ? 8 : 7) * config.HopLength));
        Assert.That(audio.Max(Math.Abs), Is.GreaterThan(1e-3f));
    }

    private void AssertNetwork(VocosConfig config, string input, string[] outputs, Dictionary<string, string> metadata)
    {
        string path = Path.Combine(_folder, "twin.onnx");
        File.WriteAllBytes(path, TorchOnnxTwin.Write(RandomCheckpoint.Create(config), input, outputs, metadata));
        VocosCheckpoint checkpoint = OnnxImporter.Read(path);
        Assert.That(checkpoint.Config, Is.EqualTo(config with { HasLayerScale = false }));
        OnnxExportOptions options = new();
        double decibels = OnnxComparison.Compare(path, OnnxExporter.Export(checkpoint, options), OnnxExporter.GetMetadata(checkpoint, options));
        TestContext.Out.WriteLine($"{decibels:F1} dB");
        Assert.That(decibels, Is.GreaterThanOrEqualTo(100));
    }

    /// <summary>The first cell of the README's row that a test holds.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class RowAttribute(string name) : Attribute
    {
        public string Name { get; } = name;
    }
}
