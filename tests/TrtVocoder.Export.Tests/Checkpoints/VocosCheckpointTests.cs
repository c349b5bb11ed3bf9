using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Checkpoints;

public sealed class VocosCheckpointTests
{
    private const string FilterBank = "feature_extractor.mel_spec.mel_scale.fb";

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-");

    [TearDown]
    public void DeleteFolder() => _folder.Delete(recursive: true);

    [TestCase("tiny-center", 1024, 256, 100, 24000, StftPadding.Center, 64, 192, 2)]
    [TestCase("tiny-same", 1024, 256, 100, 24000, StftPadding.Same, 64, 192, 3)]
    [TestCase("tiny-80mel", 512, 128, 80, 16000, StftPadding.Center, 48, 96, 2)]
    public void Sizes_come_from_the_config(
        string name, int fftLength, int hopLength, int melCount, int sampleRate, StftPadding padding, int dim, int intermediateDim, int layers)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Data("golden", name));

        Assert.That(checkpoint.Config, Is.EqualTo(new VocosConfig
        {
            SampleRate = sampleRate,
            FftLength = fftLength,
            HopLength = hopLength,
            MelCount = melCount,
            Padding = padding,
            Dim = dim,
            IntermediateDim = intermediateDim,
            LayerCount = layers,
        }));
        Assert.That(checkpoint.Tensors, Has.Count.EqualTo(8 + (layers * 9)));
        Assert.That(checkpoint.Tensors["head.out.weight"].Shape, Is.EqualTo(new[] { fftLength + 2, dim }));
        Assert.That(checkpoint.Buffers, Has.Count.EqualTo(3));
        Assert.That(checkpoint.Warnings, Is.Empty);
        Assert.That(checkpoint.ModelHash, Does.Match("^[0-9a-f]{64}$"));
    }

    [Test]
    public void PyTorchs_own_file_loads_equal_to_its_safetensors_twin()
    {
        VocosCheckpoint pickled = VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-80mel", "pytorch_model.bin"));
        VocosCheckpoint twin = VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-80mel", "model.safetensors"));

        foreach ((string name, FloatTensor expected) in twin.Tensors.Concat(twin.Buffers))
        {
            FloatTensor found = (pickled.Tensors.GetValueOrDefault(name) ?? pickled.Buffers.GetValueOrDefault(name))!;
            Assert.That(found.Shape, Is.EqualTo(expected.Shape), name);
            Assert.That(found.Values.SequenceEqual(expected.Values), name);
        }
        Assert.That(pickled.ModelHash, Is.EqualTo(twin.ModelHash));
    }

    [Test]
    public void The_hash_feels_one_bit_of_one_weight()
    {
        VocosCheckpoint checkpoint = RandomCheckpoint.Create(RandomCheckpoint.Smallest);
        Dictionary<string, FloatTensor> changed = new(checkpoint.Tensors);
        float[] bias = changed["head.out.bias"].Values.ToArray();
        bias[^1] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(bias[^1]) ^ 1);
        changed["head.out.bias"] = new FloatTensor([bias.Length], bias);
        Assert.That(new VocosCheckpoint(checkpoint.Config, changed).ModelHash, Is.Not.EqualTo(checkpoint.ModelHash));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_saved_checkpoint_loads_back(bool hasLayerScale)
    {
        VocosCheckpoint checkpoint = RandomCheckpoint.Create(RandomCheckpoint.Smallest with
        {
            HasLayerScale = hasLayerScale,
            Padding = StftPadding.Same,
            LayerCount = 2,
        });
        checkpoint.Save(_folder.FullName);
        VocosCheckpoint loaded = VocosCheckpoint.Load(_folder.FullName);
        Assert.That(loaded.Config, Is.EqualTo(checkpoint.Config));
        Assert.That(loaded.ModelHash, Is.EqualTo(checkpoint.ModelHash));
        Assert.That(loaded.Tensors.ContainsKey("backbone.convnext.1.gamma"), Is.EqualTo(hasLayerScale));
    }

    [Test]
    public void Half_precision_rounds_the_weights_and_keeps_the_filter_bank()
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-80mel"));
        checkpoint.Save(_folder.FullName, FloatFormat.F16);
        VocosCheckpoint loaded = VocosCheckpoint.Load(_folder.FullName);

        Assert.That(loaded.Buffers[FilterBank].Values.SequenceEqual(checkpoint.Buffers[FilterBank].Values));
        foreach ((string name, FloatTensor tensor) in checkpoint.Tensors)
            for (int i = 0; i < tensor.Values.Length; i++)
                Assert.That(loaded.Tensors[name].Values[i], Is.EqualTo((float)(Half)tensor.Values[i]), name);
    }

    [Test]
    public void A_weight_beyond_half_precision_is_named_and_nothing_is_left_behind()
    {
        Dictionary<string, FloatTensor> tensors = new(RandomCheckpoint.Create(RandomCheckpoint.Smallest).Tensors)
        {
            ["backbone.embed.bias"] = new FloatTensor([4], [1, 2, 70000, 4]),
        };
        string path = Path.Combine(_folder.FullName, "x.safetensors");
        Assert.That(
            () => new VocosCheckpoint(RandomCheckpoint.Smallest, tensors).SaveSafetensors(path, FloatFormat.F16),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("'backbone.embed.bias' holds 7E+04"));
        Assert.That(_folder.GetFiles(), Is.Empty);
    }

    [Test]
    public void The_bundled_model_loads_and_its_folder_stays_small()
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Models("vocos-demo"));
        Assert.That(checkpoint.Tensors.Values.Sum(tensor => tensor.Values.Length), Is.EqualTo(3_620_610));
        Assert.That(checkpoint.Warnings, Is.Empty);
        long bytes = new DirectoryInfo(TestPaths.Models("vocos-demo")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        Assert.That(bytes, Is.LessThan(8_000_000));
    }

    [Test]
    public void Another_window_or_filter_bank_is_told_but_not_refused()
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-80mel"));
        float[] filters = checkpoint.Buffers[FilterBank].Values.ToArray();
        filters[Array.FindIndex(filters, value => value > 0.1f)] += 0.01f;
        float[] window = [.. Enumerable.Repeat(1f, 512)];
        VocosCheckpoint changed = new(checkpoint.Config, new Dictionary<string, FloatTensor>(checkpoint.Tensors)
        {
            [FilterBank] = new FloatTensor([257, 80], filters),
            ["head.istft.window"] = new FloatTensor([512], window),
        });
        Assert.That(changed.Warnings, Has.Count.EqualTo(2));
        Assert.That(changed.Warnings, Has.One.Contains("'head.istft.window' is not the periodic Hann window"));
        Assert.That(changed.Warnings, Has.One.Contains("80 HTK mel bands at 16000 Hz"));
    }

    // Rounding alone moves a window and a filter bank by 2^-9.
    [TestCase("BFloat16Storage")]
    [TestCase("HalfStorage")]
    public void The_windows_and_filters_of_half_precision_are_no_other_ones(string storage)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-80mel"));
        Dictionary<string, FloatTensor> all = new(checkpoint.Tensors.Concat(checkpoint.Buffers));
        Assert.That(VocosCheckpoint.FromBytes(checkpoint.Config, TorchFileWriter.FromTensors(all, storage).ToZip(), "x.bin").Warnings, Is.Empty);
    }

    [Test]
    public void What_is_missing_is_named()
    {
        Assert.That(() => VocosCheckpoint.Load(Path.Combine(_folder.FullName, "no")), Throws.TypeOf<DataFormatException>().With.Message.Contains("does not exist"));
        Assert.That(() => VocosCheckpoint.Load(_folder.FullName), Throws.TypeOf<DataFormatException>().With.Message.Contains("holds no weights"));
        RandomCheckpoint.Create(RandomCheckpoint.Smallest).Save(_folder.FullName);
        string weights = Path.Combine(_folder.FullName, "model.safetensors");
        File.Delete(weights);
        Assert.That(
            () => VocosCheckpoint.Load(_folder.FullName),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("expected model.safetensors or pytorch_model.bin"));
        File.WriteAllText(weights, "version https://git-lfs.github.com/spec/v1\n");
        Assert.That(() => VocosCheckpoint.Load(_folder.FullName), Throws.TypeOf<DataFormatException>().With.Message.Contains("git-lfs pointer"));
        File.WriteAllText(Path.Combine(_folder.FullName, "other.bin"), "<html>not found</html>");
        Assert.That(
            () => VocosCheckpoint.Load(Path.Combine(_folder.FullName, "other.bin")),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("neither a file of torch.save nor of safetensors"));
    }
}
