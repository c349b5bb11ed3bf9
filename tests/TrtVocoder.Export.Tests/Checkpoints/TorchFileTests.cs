using System.Collections.Immutable;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Checkpoints;

/// <summary>Both forms of torch.save, written here the way PyTorch writes them, and read back.</summary>
[TestFixture("zip")]
[TestFixture("non-zip")]
public sealed class TorchFileTests(string form)
{
    private static readonly VocosCheckpoint Expected = RandomCheckpoint.Create(RandomCheckpoint.Smallest);

    [Test]
    public void Float32_loads_exactly()
    {
        VocosCheckpoint loaded = Load(TorchFileWriter.FromTensors(Expected.Tensors));
        Assert.That(loaded.ModelHash, Is.EqualTo(Expected.ModelHash));
        Assert.That(loaded.Warnings, Is.Empty);
    }

    [TestCase("HalfStorage", 5e-4)]
    [TestCase("BFloat16Storage", 8e-3)]
    [TestCase("DoubleStorage", 0)]
    public void Other_floating_point_types_load_within_their_rounding(string storageClass, double tolerance)
    {
        VocosCheckpoint loaded = Load(TorchFileWriter.FromTensors(Expected.Tensors, storageClass));
        foreach ((string name, FloatTensor expected) in Expected.Tensors)
        {
            float[] found = loaded.Tensors[name].Values.ToArray();
            for (int i = 0; i < found.Length; i++)
                Assert.That(found[i], Is.EqualTo(expected.Values[i]).Within(Math.Abs(expected.Values[i] * tolerance) + 1e-7), $"{name}[{i}]");
        }
    }

    [Test]
    public void Shared_storages_offsets_and_strides_are_followed()
    {
        TorchFileWriter writer = TorchFileWriter.FromTensors(Expected.Tensors);
        // One storage of 64 numbers: the bias is every second from 5 on, pwconv2's weight [4, 6] is a transposed [6, 4] from 20 on.
        float[] numbers = [.. Enumerable.Range(0, 64).Select(i => i / 8f)];
        writer.AddStorage("shared", "FloatStorage", numbers);
        writer.AddView("backbone.embed.bias", new TorchView("shared", 5, [4], [2]));
        writer.AddView("backbone.convnext.0.pwconv2.weight", new TorchView("shared", 20, [4, 6], [1, 4]));
        writer.AddView("backbone.norm.bias", new TorchView("shared", 3, [4], [0]));

        VocosCheckpoint loaded = Load(writer);

        Assert.That(loaded.Tensors["backbone.embed.bias"].Values.ToArray(), Is.EqualTo(new[] { 5 / 8f, 7 / 8f, 9 / 8f, 11 / 8f }));
        Assert.That(loaded.Tensors["backbone.norm.bias"].Values.ToArray(), Is.EqualTo(new[] { 3 / 8f, 3 / 8f, 3 / 8f, 3 / 8f }));
        float[] transposed = [.. from row in Enumerable.Range(0, 4) from column in Enumerable.Range(0, 6) select numbers[20 + row + (column * 4)]];
        Assert.That(loaded.Tensors["backbone.convnext.0.pwconv2.weight"].Values.ToArray(), Is.EqualTo(transposed));
    }

    [Test]
    public void Parameters_and_training_checkpoints_load()
    {
        TorchFileWriter writer = new() { Wrapper = "state_dict" };
        foreach ((string name, FloatTensor tensor) in Expected.Tensors)
            writer.Add(name, tensor, isParameter: true);
        writer.Add("multiperioddisc.weight", new FloatTensor([2], [1, 2]));

        VocosCheckpoint loaded = Load(writer);

        Assert.That(loaded.ModelHash, Is.EqualTo(Expected.ModelHash));
        Assert.That(loaded.Warnings, Has.One.Contains("do not belong to the decoder were passed over: 1"));
    }

    [Test]
    public void One_list_made_a_dictionary_of_again_and_again_is_refused_by_its_steps()
    {
        TorchFileWriter writer = TorchFileWriter.FromTensors(Expected.Tensors, extra: pickle =>
        {
            pickle.Opcode('(');
            pickle.Bytes((byte)']', (byte)'r', 0x60, 0xEA, 0, 0, (byte)'(');
            for (int i = 0; i < 5000; i++)
                pickle.Tuple(() => pickle.Text("key"), () => pickle.Integer(1));
            pickle.Opcode('e');
            for (int i = 0; i < 2000; i++)
            {
                pickle.Global("collections", "OrderedDict");
                pickle.Bytes((byte)'j', 0x60, 0xEA, 0, 0, 0x85, (byte)'R');
            }
            pickle.Opcode('t');
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains("takes more than 500000 steps"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(64 << 20));
    }

    [Test]
    public void Weights_that_repeat_their_values_beyond_the_files_size_are_refused()
    {
        VocosConfig config = RandomCheckpoint.Smallest with { Dim = 1024, IntermediateDim = 1024, LayerCount = 8 };
        TorchFileWriter writer = new();
        writer.AddStorage("0", "FloatStorage", [1]);
        foreach ((string name, ImmutableArray<int> shape) in VocosWeights.GetWeightShapes(config))
            writer.AddView(name, new TorchView("0", 0, [.. shape.Select(size => (long)size)], new long[shape.Length]));
        Assert.That(
            () => VocosCheckpoint.FromBytes(config, writer.ToZip(), "model.bin"),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("repeat their values (stride 0)"));
    }

    [Test]
    public void A_saved_tensor_is_told_as_one() =>
        Assert.That(
            () => TorchFile.Read(TorchFileWriter.SavedTensor(2), "mel.pt"), Throws.TypeOf<DataFormatException>().With.Message.Contains("is one tensor [2] that torch.save wrote"));

    /// <summary>What Lightning and other training programs keep beside the tensors.</summary>
    [TestCase("pytorch_lightning.utilities.parsing", "AttributeDict", 0x81)]
    [TestCase("argparse", "Namespace", 0x81)]
    [TestCase("collections", "defaultdict", 0x52)]
    [TestCase("pathlib", "PosixPath", 0x52)]
    [TestCase("omegaconf.dictconfig", "DictConfig", 0x81)]
    [TestCase("torch", "device", 0x52)]
    [TestCase("numpy.core.multiarray", "scalar", 0x52)]
    public void What_training_keeps_beside_the_tensors_is_passed_over(string module, string name, int call)
    {
        TorchFileWriter writer = new()
        {
            Wrapper = "state_dict",
            Extra = pickle =>
            {
                pickle.Global(module, name);
                pickle.Tuple(() => pickle.Text("anything"), () => pickle.Global("torch", "float32"));
                pickle.Bytes((byte)call);
                pickle.Dictionary([("learning_rate", () => pickle.Integer(1))]);
                pickle.Opcode('b');
            },
        };
        writer.AddAll(Expected.Tensors);
        Assert.That(Load(writer).ModelHash, Is.EqualTo(Expected.ModelHash));
    }

    [TestCase("posix", "system")]
    [TestCase("builtins", "eval")]
    [TestCase("torch", "load")]
    [TestCase("numpy.core.multiarray", "_reconstruct")]
    public void Anything_that_is_no_tensor_is_refused_by_name(string module, string name)
    {
        TorchFileWriter writer = new()
        {
            Extra = pickle =>
            {
                pickle.Global(module, name);
                pickle.Tuple(() => pickle.Text("touch pwned"));
                pickle.Opcode('R');
            },
        };
        writer.AddAll(Expected.Tensors);
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains($"refused: {module}.{name} "));
    }

    [Test]
    public void The_older_call_opcode_is_refused_by_name()
    {
        TorchFileWriter writer = new() { Extra = pickle => pickle.Bytes("(X\u0002\0\0\0hiiposix\nsystem\n"u8) };
        writer.AddAll(Expected.Tensors);
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains("refused: posix.system "));
    }

    [Test]
    public void A_big_endian_file_is_refused()
    {
        TorchFileWriter writer = new() { LittleEndian = false };
        writer.AddAll(Expected.Tensors);
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains("endian"));
    }

    [Test]
    public void All_differences_are_in_one_message_with_both_shapes()
    {
        TorchFileWriter writer = TorchFileWriter.FromTensors(Expected.Tensors);
        writer.Remove("backbone.norm.bias");
        writer.Add("backbone.embed.bias", new FloatTensor([5], new float[5]));
        writer.Add("head.out.bias", new FloatTensor([10], new float[10]), "LongStorage");
        writer.Add("backbone.convnext.1.gamma", new FloatTensor([4], new float[4]));

        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.EqualTo(
            "model.bin does not fit its config.yaml: missing: 'backbone.norm.bias' [4]; "
            + "misshapen: 'backbone.embed.bias' expected [4], found [5], 'head.out.bias' expected [10], found [10] of type LongStorage; "
            + "not known: 'backbone.convnext.1.gamma' [4]."));
    }

    [TestCase(-1L, 4L, 1L)]
    [TestCase(0L, -4L, 1L)]
    [TestCase(1L, 4L, 1L)]
    [TestCase(0L, 4L, -1L)]
    [TestCase(0L, 4L, long.MaxValue)]
    [TestCase(long.MaxValue, 4L, 1L)]
    [TestCase(0L, 1L << 31, 0L)]
    public void A_view_outside_its_storage_is_refused(long offset, long size, long stride)
    {
        TorchFileWriter writer = TorchFileWriter.FromTensors(Expected.Tensors);
        writer.AddStorage("four", "FloatStorage", [1, 2, 3, 4]);
        writer.AddView("backbone.embed.bias", new TorchView("four", offset, [size], [stride]));
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains("does not lie within its storage"));
    }

    [Test]
    public void A_weight_that_is_not_a_number_is_named()
    {
        TorchFileWriter writer = TorchFileWriter.FromTensors(Expected.Tensors);
        writer.Add("backbone.embed.bias", new FloatTensor([4], [1, float.NaN, 3, 4]));
        Assert.That(() => Load(writer), Throws.TypeOf<DataFormatException>().With.Message.Contains("'backbone.embed.bias' holds NaN"));
    }

    private VocosCheckpoint Load(TorchFileWriter writer) =>
        VocosCheckpoint.FromBytes(Expected.Config, form == "zip" ? writer.ToZip() : writer.ToLegacy(), "model.bin");
}
