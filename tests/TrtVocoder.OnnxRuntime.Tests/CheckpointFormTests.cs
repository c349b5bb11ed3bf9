using System.Text.Json;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Checkpoints as people have them, file by file → ONNX → audio, against PyTorch (tests/data/forms/make_vectors.py).</summary>
public sealed class CheckpointFormTests
{
    private static readonly VocosConfig Mel24 = FormulaWeights.Config(24000, 100, 1024, 256, StftPadding.Center, 2);
    private static readonly VocosConfig Mel22 = FormulaWeights.Config(22050, 80, 1024, 256, StftPadding.Same, 2) with
    {
        MelMaxFrequency = 8000,
        HasSlaneyScale = true,
        HasSlaneyNorm = true,
    };

    private static readonly VocosConfig Encodec = FormulaWeights.Config(24000, 128, 1280, 320, StftPadding.Same, 2);

    private string _folder = "";

    private static IEnumerable<TestCaseData> Sizes =>
    [
        Case("mel24", Mel24),
        Case("mel22", Mel22),
        Case("mel44", FormulaWeights.Config(44100, 80, 2048, 512, StftPadding.Same, 2) with { MelMaxFrequency = 8000, HasSlaneyScale = true, HasSlaneyNorm = true }),
        Case("mel48", FormulaWeights.Config(48000, 128, 2048, 256, StftPadding.Center, 2)),
        Case("layers12", FormulaWeights.Config(24000, 100, 1024, 256, StftPadding.Center, 12)),
        Case("mel32", FormulaWeights.Config(32000, 128, 2048, 1024, StftPadding.Center, 2)),
    ];

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [TearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Sizes))]
    public void Every_familys_sizes_decode_to_PyTorchs_answer(string name, VocosConfig config)
    {
        new VocosCheckpoint(config, FormulaWeights.Create(config)).Save(_folder);
        VocosCheckpoint loaded = VocosCheckpoint.Load(_folder);
        Assert.That(loaded.Config, Is.EqualTo(config));
        AssertAnswer(loaded, name);
    }

    [Test]
    public void The_receptive_field_of_twelve_layers_is_39_frames() =>
        Assert.That(FormulaWeights.Config(24000, 100, 1024, 256, StftPadding.Center, 12).ReceptiveFieldFrames, Is.EqualTo(39));

    [TestCase("vocos.safetensors")]
    [TestCase("Vocos.pt")]
    [TestCase("last.ckpt")]
    public void Weights_alone_have_their_sizes_from_their_shapes_and_say_what_was_assumed(string name)
    {
        VocosCheckpoint loaded = VocosCheckpoint.Load(Write(name, FormulaWeights.Create(Mel24)));
        Assert.That(loaded.Config, Is.EqualTo(Mel24));
        Assert.That(loaded.Warnings, Has.One.EndsWith(
            "100 mel bands, n_fft 1024, 16/24 channels, 2 layers are read from its tensors' shapes; assumed: hop 256 (n_fft/4), padding center, 24000 Hz."));
        AssertAnswer(loaded, "mel24");
    }

    [Test]
    public void A_filter_bank_among_the_weights_tells_their_rate_and_bands()
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(Mel22);
        using MelFilterbank bank = new(22050, 513, 80, new MelScale(0, 8000, true, true));
        tensors.Add("feature_extractor.mel_spec.mel_scale.fb", new FloatTensor([513, 80], bank.ToMatrix(513)));
        VocosCheckpoint loaded = VocosCheckpoint.Load(Write("g.pt", tensors), new CheckpointOptions { Padding = StftPadding.Same });
        Assert.That(loaded.Config, Is.EqualTo(Mel22));
        Assert.That(loaded.Warnings, Has.One.Contains("22050 Hz from its filter bank; assumed: hop 256 (n_fft/4)."));
        AssertAnswer(loaded, "mel22");
    }

    [Test]
    public void The_caller_tells_what_weights_alone_do_not()
    {
        CheckpointOptions told = new() { SampleRate = 32000, HopLength = 1024, Padding = StftPadding.Center };
        VocosConfig config = FormulaWeights.Config(32000, 128, 2048, 1024, StftPadding.Center, 2);
        VocosCheckpoint loaded = VocosCheckpoint.Load(Write("x.safetensors", FormulaWeights.Create(config)), told);
        Assert.That(loaded.Config, Is.EqualTo(config));
        Assert.That(loaded.Warnings, Has.None.Contains("assumed"));
        AssertAnswer(loaded, "mel32");
    }

    [TestCase("module.")]
    [TestCase("_orig_mod.")]
    [TestCase("vocos.")]
    [TestCase("generator.")]
    [TestCase("model.module._orig_mod.")]
    [TestCase("tts.vocoder.")]
    public void Whatever_stands_before_the_names_is_passed_over(string prefix) =>
        AssertAnswer(VocosCheckpoint.Load(Write("x.safetensors", Renamed(FormulaWeights.Create(Mel24), name => prefix + name))), "mel24");

    [Test]
    public void A_wrappers_part_within_a_name_is_passed_over() =>
        AssertAnswer(VocosCheckpoint.Load(Write("x.safetensors", Renamed(FormulaWeights.Create(Mel24), name => name.Replace("backbone.", "backbone._orig_mod.", StringComparison.Ordinal)))), "mel24");

    [TestCase("state_dict")]
    [TestCase("model")]
    [TestCase("generator")]
    [TestCase("model_state_dict")]
    [TestCase("anything_else")]
    public void Weights_in_a_dict_within_the_file_are_found(string wrapper)
    {
        TorchFileWriter writer = new() { Wrapper = wrapper };
        writer.AddAll(Renamed(FormulaWeights.Create(Mel24), name => "module." + name));
        string path = Path.Combine(_folder, "checkpoint_best.pth");
        File.WriteAllBytes(path, writer.ToZip());
        AssertAnswer(VocosCheckpoint.Load(path), "mel24");
    }

    [Test]
    public void Of_weights_and_their_moving_average_the_weights_are_taken_and_it_is_said()
    {
        Dictionary<string, FloatTensor> tensors = Renamed(FormulaWeights.Create(Mel24), name => "model." + name);
        foreach ((string name, FloatTensor tensor) in FormulaWeights.Create(Mel24))
            tensors.Add("ema." + name, new FloatTensor(tensor.Shape.AsSpan(), new float[tensor.Values.Length]));
        VocosCheckpoint loaded = VocosCheckpoint.Load(Write("x.pt", tensors));
        Assert.That(loaded.Warnings, Has.One.Contains("holds 2 networks, under 'model.backbone.', 'ema.backbone.'; the first is taken"));
        AssertAnswer(loaded, "mel24");
    }

    /// <summary>The layouts in which the transformers library has had Vocos.</summary>
    [TestCase("", "layers.", "decoder.out.", "decoder.window", "input_channels", "hidden_size", "intermediate_size", "istft_padding", "sampling_rate")]
    [TestCase("backbone.", "backbone.layers.", "head.out_proj.", "head.window", "n_mels", "hidden_dim", "intermediate_dim", "spec_padding", "sample_rate")]
    [TestCase("model.", "model.layers.", "model.decoder.out.", "model.decoder.window", "num_mel_bins", "hidden_size", "intermediate_size", "istft_padding", "sampling_rate")]
    public void The_layout_of_the_transformers_library_is_read(
        string stem, string blocks, string head, string window, string mels, string dim, string inner, string padding, string rate)
    {
        Dictionary<string, FloatTensor> tensors = Renamed(FormulaWeights.Create(Mel22), name => name
            .Replace("backbone.convnext.", blocks, StringComparison.Ordinal).Replace("backbone.", stem, StringComparison.Ordinal)
            .Replace("head.out.", head, StringComparison.Ordinal).Replace(".gamma", ".layer_scale_parameter", StringComparison.Ordinal));
        tensors.Add(window, new FloatTensor([1024], [.. HannWindow.Create(1024).Select(value => (float)value)]));
        File.WriteAllText(Path.Combine(_folder, "config.json"), JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["architectures"] = (string[])["VocosModel"],
            ["model_type"] = "vocos",
            [mels] = 80,
            [dim] = 16,
            [inner] = 24,
            ["num_layers"] = 2,
            ["kernel_size"] = 7,
            ["padding"] = 3,
            ["layer_scale_init_value"] = 0.125,
            ["layer_norm_eps"] = 1e-6,
            ["n_fft"] = 1024,
            ["hop_length"] = 256,
            [padding] = "same",
            [rate] = 22050,
            ["use_adaptive_norm"] = false,
            ["bandwidths"] = (double[])[1.5, 3, 6, 12],
            ["torch_dtype"] = "float32",
        }));
        Write("model.safetensors", tensors);
        VocosCheckpoint loaded = VocosCheckpoint.Load(_folder);
        Assert.That(loaded.Config, Is.EqualTo(Mel22 with { MelMaxFrequency = null, HasSlaneyScale = false, HasSlaneyNorm = false }));
        Assert.That(loaded.Warnings, Is.Empty);
        AssertAnswer(loaded, "mel22");
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_model_conditioned_on_a_bandwidth_is_fixed_at_the_one_that_is_chosen(int bandwidth)
    {
        WriteEncodec(name => name.Replace("norm.weight", "norm.scale.weight", StringComparison.Ordinal).Replace("norm.bias", "norm.shift.weight", StringComparison.Ordinal));
        VocosCheckpoint loaded = VocosCheckpoint.Load(_folder, new CheckpointOptions { BandwidthId = bandwidth });
        Assert.That(loaded.Config, Is.EqualTo(Encodec));
        Assert.That(loaded.Warnings, Has.One.Contains($"normalisations are fixed at bandwidth {bandwidth} of 0 to 3"));
        Assert.That(loaded.Warnings, Has.One.Contains("its input is features of EnCodec, [128, frames]"));
        AssertAnswer(loaded, $"encodec.{bandwidth}");
    }

    [Test]
    public void Tables_of_two_axes_are_conditioned_too()
    {
        WriteEncodec(name => name);
        AssertAnswer(VocosCheckpoint.Load(_folder, new CheckpointOptions { BandwidthId = 2 }), "encodec.2");
    }

    [Test]
    public void A_bandwidth_is_not_guessed_nor_taken_beyond_the_last()
    {
        WriteEncodec(name => name);
        Assert.That(() => VocosCheckpoint.Load(_folder), Throws.TypeOf<DataFormatException>().With.Property("Kind").EqualTo(FailureKind.BandwidthUnknown)
            .And.Message.Contains("conditioned on one of 4 bandwidths, and none was chosen: 0 to 3 (of vocos-encodec-24khz 1.5, 3, 6 and 12 kbps)"));
        Assert.That(() => VocosCheckpoint.Load(_folder, new CheckpointOptions { BandwidthId = 4 }), Throws.TypeOf<DataFormatException>().With.Message.Contains("number 4 was chosen"));
    }

    [Test]
    public void Bfloat16_is_read_as_PyTorch_reads_it()
    {
        string path = Path.Combine(_folder, "x.pt");
        File.WriteAllBytes(path, TorchFileWriter.FromTensors(FormulaWeights.Create(Mel24), "BFloat16Storage").ToZip());
        AssertAnswer(VocosCheckpoint.Load(path), "bfloat16");
    }

    [TestCase("hparams.yaml", "")]
    [TestCase("../config.yaml", "checkpoints/")]
    public void A_trainings_own_config_is_found_beside_or_above_its_checkpoint(string config, string below)
    {
        Directory.CreateDirectory(Path.Combine(_folder, below));
        new VocosCheckpoint(Mel22, FormulaWeights.Create(Mel22)).Save(_folder);
        string text = File.ReadAllText(Path.Combine(_folder, "config.yaml"));
        File.Delete(Path.Combine(_folder, "config.yaml"));
        File.Delete(Path.Combine(_folder, "model.safetensors"));
        File.WriteAllText(Path.Combine(_folder, below, config), "seed_everything: 4444\nmodel:\n  class_path: vocos.experiment.VocosExp\n  init_args:\n    sample_rate: 22050\n"
            + string.Join('\n', text.Split('\n').Select(line => "    " + line)));
        VocosCheckpoint loaded = VocosCheckpoint.Load(Write($"{below}vocos_epoch=3.ckpt", FormulaWeights.Create(Mel22)));
        Assert.That(loaded.Config, Is.EqualTo(Mel22));
        AssertAnswer(loaded, "mel22");
    }

    [Test]
    public void The_config_of_something_else_is_passed_over_and_one_that_is_named_refused()
    {
        string other = Path.Combine(_folder, "config.json");
        File.WriteAllText(other, """{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32}""");
        string weights = Write("Vocos.safetensors", FormulaWeights.Create(Mel24));
        VocosCheckpoint loaded = VocosCheckpoint.Load(weights);
        Assert.That(loaded.Warnings, Has.One.EndsWith("config.json is passed over: it is the config of something else than a Vocos."));
        AssertAnswer(loaded, "mel24");
        Assert.That(() => VocosCheckpoint.Load(weights, new CheckpointOptions { ConfigPath = other }), Throws.TypeOf<DataFormatException>().With.Message.Contains("is no config of a Vocos"));
    }

    [Test]
    public void A_config_that_does_not_belong_to_the_weights_is_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "vocos", "n_mels": 100, "hidden_size": 512, "num_layers": 8}""");
        Assert.That(() => VocosCheckpoint.Load(Write("model.safetensors", FormulaWeights.Create(Mel24))),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("says hidden size 512, the weights in").And.Message.Contains("have 16"));
    }

    /// <summary>What cannot be decoded is told by what it is.</summary>
    [TestCase("backbone.pos_net.0.norm1.weight", "neural codec")]
    [TestCase("quantizer.layers.0.codebook", "neural codec")]
    [TestCase("backbone.prior_net.0.conv1.weight", "neural codec")]
    [TestCase("feature_extractor.encodec.encoder.model.0.conv.weight", "decoder of a neural codec")]
    [TestCase("head.imdct.window", "inverse MDCT")]
    [TestCase("upsampler.conv.weight", "upsampler or a second head")]
    [TestCase("head_48k.out.weight", "upsampler or a second head")]
    [TestCase("backbone.convnext.0.grn.gamma", "not known: 'backbone.convnext.0.grn.gamma'")]
    public void Networks_of_another_kind_are_refused_by_name(string extra, string what)
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(Mel24);
        tensors.Add(extra, new FloatTensor([2], [1, 2]));
        Assert.That(() => VocosCheckpoint.Load(Write("x.safetensors", tensors)), Throws.TypeOf<DataFormatException>().With.Message.Contains(what));
    }

    [Test]
    public void A_codecs_decoder_is_told_by_the_encoder_beside_it()
    {
        Dictionary<string, FloatTensor> tensors = Renamed(FormulaWeights.Create(Mel24), name => "decoder." + name);
        tensors.Add("encoder.conv.weight", new FloatTensor([1], [1]));
        Assert.That(() => VocosCheckpoint.Load(Write("x.safetensors", tensors)), Throws.TypeOf<DataFormatException>().With.Message.Contains("neural codec"));
    }

    [Test]
    public void Weights_for_MLX_are_told_by_their_last_axis()
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(Mel24);
        foreach (string name in tensors.Keys.Where(name => name.Contains("dwconv.weight", StringComparison.Ordinal) || name == "backbone.embed.weight").ToList())
            tensors[name] = new FloatTensor([tensors[name].Shape[0], tensors[name].Shape[2], tensors[name].Shape[1]], tensors[name].Values.ToArray());
        Assert.That(() => VocosCheckpoint.Load(Write("x.safetensors", tensors)), Throws.TypeOf<DataFormatException>().With.Message.Contains("for MLX"));
    }

    [Test]
    public void A_window_shorter_than_n_fft_and_other_kernels_are_refused()
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(Mel24);
        tensors.Add("head.istft.window", new FloatTensor([800], new float[800]));
        Assert.That(() => VocosCheckpoint.Load(Write("x.safetensors", tensors)), Throws.TypeOf<DataFormatException>().With.Message.Contains("a window of 800 samples"));
        tensors.Remove("head.istft.window");
        tensors["backbone.embed.weight"] = new FloatTensor([16, 100, 5], new float[16 * 500]);
        Assert.That(() => VocosCheckpoint.Load(Write("x.safetensors", tensors)), Throws.TypeOf<DataFormatException>().With.Message.Contains("a convolution over 5 frames"));
    }

    private static TestCaseData Case(string name, VocosConfig config) => new TestCaseData(name, config).SetArgDisplayNames(name);

    private static Dictionary<string, FloatTensor> Renamed(Dictionary<string, FloatTensor> tensors, Func<string, string> rename) =>
        tensors.ToDictionary(pair => rename(pair.Key), pair => pair.Value);

    private void WriteEncodec(Func<string, string> rename)
    {
        Dictionary<string, FloatTensor> tensors = FormulaWeights.Create(Encodec, rows: 4).ToDictionary(
            pair => pair.Key.Contains("final", StringComparison.Ordinal) ? pair.Key : rename(pair.Key), pair => pair.Value);
        tensors.Add("feature_extractor.codebook_weights", new FloatTensor([4, 128], new float[512]));
        Write("pytorch_model.bin", tensors);
        File.WriteAllText(Path.Combine(_folder, "config.yaml"), """
            feature_extractor:
              class_path: vocos.feature_extractors.EncodecFeatures
              init_args:
                encodec_model: encodec_24khz
                bandwidths: [1.5, 3.0, 6.0, 12.0]

            backbone:
              class_path: vocos.models.VocosBackbone
              init_args:
                input_channels: 128
                dim: 16
                intermediate_dim: 24
                num_layers: 2
                adanorm_num_embeddings: 4

            head:
              class_path: vocos.heads.ISTFTHead
              init_args:
                dim: 16
                n_fft: 1280
                hop_length: 320
                padding: same
            """);
    }

    private string Write(string name, Dictionary<string, FloatTensor> tensors)
    {
        string path = Path.Combine(_folder, name);
        if (name.EndsWith(".safetensors", StringComparison.Ordinal))
            SafetensorsFile.Write(path, tensors, overwrite: true);
        else
            File.WriteAllBytes(path, TorchFileWriter.FromTensors(tensors).ToZip());
        return path;
    }

    private void AssertAnswer(VocosCheckpoint checkpoint, string answer)
    {
        float[] expected = NpyVectors.ReadValues(TestPaths.Data("forms", answer + ".npy"));
        foreach (NetworkForm form in Enum.GetValues<NetworkForm>())
        {
            string path = Path.Combine(_folder, $"{form}.onnx");
            OnnxExporter.Export(checkpoint, path, new OnnxExportOptions { Form = form }, overwrite: true);
            using Vocoder vocoder = Vocoder.Load(path, new VocoderOptions { Threads = 1 });
            using VocoderSession session = vocoder.CreateSession();
            int frames = Enumerable.Range(1, 40).First(count => vocoder.GetSampleCount(count) == expected.Length);
            float[] audio = new float[expected.Length];
            session.Decode(FormulaWeights.Mel(vocoder.MelCount, frames), frames, audio);
            double power = expected.Sum(sample => (double)sample * sample);
            double error = audio.Zip(expected, (a, b) => ((double)a - b) * ((double)a - b)).Sum();
            TestContext.Out.WriteLine($"{answer} {form}: {-10 * Math.Log10(error / power):F1} dB");
            Assert.That(error, Is.LessThanOrEqualTo(1e-10 * power), $"{form}: mean squared error against the signal's power");
            Assert.That(vocoder.Metadata.SampleRate, Is.EqualTo(checkpoint.Config.SampleRate));
        }
    }
}
