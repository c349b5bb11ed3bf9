using System.Buffers.Binary;
using System.Text;

namespace TrtVocoder.Files.Tests;

public sealed class SafetensorsFileTests
{
    [Test]
    public void Tensors_and_metadata_come_back_as_written()
    {
        Dictionary<string, FloatTensor> tensors = new()
        {
            ["mel"] = new FloatTensor([2, 3], [1, -2, 3.5f, 0, float.MinValue, float.Epsilon]),
            ["one number"] = new FloatTensor([], [7]),
            ["nothing"] = new FloatTensor([0, 5], []),
        };
        using MemoryStream stream = new();
        SafetensorsFile.Write(stream, tensors, metadata: new Dictionary<string, string> { ["format"] = "pt" });

        SafetensorsFile file = SafetensorsFile.Read(stream.ToArray(), "x");

        Assert.That(file.Metadata["format"], Is.EqualTo("pt"));
        Assert.That(file.Tensors, Has.Count.EqualTo(3));
        foreach ((string name, FloatTensor expected) in tensors)
        {
            Assert.That(file.Tensors[name].Shape, Is.EqualTo(expected.Shape), name);
            Assert.That(file.Tensors[name].Values.ToArray(), Is.EqualTo(expected.Values.ToArray()), name);
        }
    }

    [Test]
    public void A_tensor_longer_than_the_write_block_comes_back()
    {
        float[] values = [.. Enumerable.Range(0, 70_000).Select(i => (float)i)];
        using MemoryStream stream = new();
        SafetensorsFile.Write(stream, new Dictionary<string, FloatTensor> { ["long"] = new([70_000], values) });
        Assert.That(SafetensorsFile.Read(stream.ToArray(), "x").Tensors["long"].Values.SequenceEqual(values));
    }

    [Test]
    public void Every_floating_point_type_is_read()
    {
        byte[] file = Make(
            """
            {"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},
            "c":{"dtype":"F16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"BF16","shape":[1],"data_offsets":[14,16]}}
            """,
            [.. BitConverter.GetBytes(1.5), .. BitConverter.GetBytes(-2.5f), .. BitConverter.GetBytes((Half)0.25f), 0x20, 0x41]);
        IReadOnlyDictionary<string, FloatTensor> tensors = SafetensorsFile.Read(file, "x").Tensors;
        Assert.That(new[] { "a", "b", "c", "d" }.Select(name => tensors[name].Values[0]), Is.EqualTo(new[] { 1.5f, -2.5f, 0.25f, 10f }));
    }

    [TestCase("""{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", "'a' has the type 'I64'")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "the name 'a' occurs twice")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "truncated: 'a' ends at byte 12")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "start at 4, expected 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "take 4 bytes, the file holds 8")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'b' start at 4, expected 8")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "cannot lie in bytes 0 to 8")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "cannot lie in bytes 8 to 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "impossible shape, [-2]")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "impossible shape")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2]}}""", "lacks its dtype, shape or two data_offsets")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "not the JSON")]
    [TestCase("""{"__metadata__":{"a":1}}""", "not the JSON")]
    [TestCase("""[]""", "not the JSON")]
    [TestCase("""{} {}""", "not the JSON")]
    public void A_header_at_odds_with_the_format_is_refused(string header, string message) =>
        Assert.That(
            () => SafetensorsFile.Read(Make(header, new byte[8]), "x.safetensors"),
            Throws.TypeOf<DataFormatException>().With.Message.Contains(message).And.Message.StartsWith("x.safetensors"));

    [TestCase(0UL)]
    [TestCase(9UL)]
    [TestCase(ulong.MaxValue)]
    public void A_wrong_header_length_is_refused(ulong length)
    {
        byte[] file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        Assert.That(() => SafetensorsFile.Read(file, "x"), Throws.TypeOf<DataFormatException>());
    }

    [Test]
    public void A_shape_must_fit_its_values()
    {
        Assert.That(FloatTensor.TryCountElements([0, int.MaxValue, int.MaxValue], out int count), Is.True);
        Assert.That(count, Is.Zero);
        Assert.That(FloatTensor.TryCountElements([int.MaxValue, 2], out _), Is.False);
        Assert.That(FloatTensor.TryCountElements([3, -1], out _), Is.False);
        Assert.That(() => new FloatTensor([2, 2], new float[3]), Throws.ArgumentException.With.Message.Contains("[2, 2]"));
    }

    private static byte[] Make(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }
}
