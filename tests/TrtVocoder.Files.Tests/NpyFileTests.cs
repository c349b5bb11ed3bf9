using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Files.Tests;

public class NpyFileTests
{
    private static byte[] Npy(string header, byte[] values, byte version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(header);
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. values];
    }

    private static FloatTensor Read(byte[] file) => NpyFile.Read(new MemoryStream(file), "x.npy");

    private static string Refusal(byte[] file) => Assert.Throws<DataFormatException>(() => Read(file))!.Message;

    private static byte[] Written(FloatTensor tensor)
    {
        MemoryStream stream = new();
        NpyFile.Write(stream, tensor);
        return stream.ToArray();
    }

    private static byte[] Bytes(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    [Test]
    public void What_is_written_comes_back_and_begins_at_a_multiple_of_64()
    {
        Prop.ForAll(Gen.Choose(0, 5).ArrayOf().Where(shape => shape.Length < 6).ToArbitrary(), shape =>
        {
            float[] values = [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(i => i * 0.37f)];
            byte[] file = Written(new FloatTensor(shape, values));
            FloatTensor back = Read(file);
            return back.Shape.SequenceEqual(shape) && back.Values.SequenceEqual(values) && (file.Length - (4 * values.Length)) % 64 == 0;
        }).Check(Config.QuickThrowOnFailure);
    }

    [Test]
    public void NumPys_own_files_are_read()
    {
        string path = TestPaths.Data("golden", "istft", "n512h128T005.re.npy");
        (int[] shape, float[] values) = NpyVectors.Read(path);
        FloatTensor tensor = NpyFile.Read(path);
        Assert.That(tensor.Shape, Is.EqualTo(shape));
        Assert.That(tensor.Values.ToArray(), Is.EqualTo(values));
    }

    [Test]
    public void Half_double_and_big_endian_values_are_read()
    {
        Assert.That(Read(Npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }\n", [0, 0x38])).Values.ToArray(), Is.EqualTo(new[] { 0.5f }));
        Assert.That(Read(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n", BitConverter.GetBytes(0.1))).Values.ToArray(), Is.EqualTo(new[] { 0.1f }));
        Assert.That(Read(Npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", [0x3F, 0, 0, 0])).Values.ToArray(), Is.EqualTo(new[] { 0.5f }));
    }

    [Test]
    public void Fortran_order_becomes_C_order()
    {
        FloatTensor tensor = Read(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", Bytes(1, 4, 2, 5, 3, 6), version: 2));
        Assert.That(tensor.Values.ToArray(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void Truncated_and_foreign_files_are_refused_in_one_sentence()
    {
        byte[] good = Written(new FloatTensor([2, 3], new float[6]));
        Assert.That(Refusal([]), Is.EqualTo("x.npy is not a .npy file: it does not begin with \\x93NUMPY; it is empty (0 bytes): copy or download it again."));
        Assert.That(Refusal(good[..^1]), Is.EqualTo("x.npy is truncated: its header promises 24 bytes of values, 23 are there."));
        Assert.That(Refusal(good[..30]), Does.Contain("truncated within its header"));
        Assert.That(Refusal(Npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", [])), Does.Contain("'|O'"));
        Assert.That(Refusal(Npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", [])), Does.Contain("expected float16"));
        Assert.That(Refusal(Npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", [])), Does.Contain("records or objects"));
        Assert.That(Refusal(Npy("__import__('os').system('true')", [])), Does.Contain("lacks"));
        Assert.That(Refusal(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", [])), Does.Contain("'-1'"));
        Assert.That(Refusal(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }", [])), Does.Contain("too large"));
    }

    [Test]
    public void A_forged_shape_claims_no_memory()
    {
        byte[] file = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (200000000,), }", [0, 0, 0, 0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Refusal(file), Does.Contain("truncated"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void No_damaged_file_does_worse_than_be_refused()
    {
        byte[] good = Written(new FloatTensor([2, 3], new float[6]));
        Prop.ForAll(ArbMap.Default.ArbFor<(int, byte, int)>(), change =>
        {
            byte[] file = [.. good];
            file[(int)((uint)change.Item1 % file.Length)] = change.Item2;
            try
            {
                return Read(file[..(int)((uint)change.Item3 % (file.Length + 1))]).Values.Length <= file.Length;
            }
            catch (DataFormatException error)
            {
                return error.Message.Length > 0;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Test]
    public void Npz_files_give_the_array_called_mel_or_the_only_one()
    {
        byte[] one = Zip(("arr_0", 1));
        byte[] several = Zip(("a", 1), ("mel", 2));
        Assert.That(NpzFile.Read(new MemoryStream(one), "x.npz").Values[0], Is.EqualTo(1));
        Assert.That(NpzFile.Read(new MemoryStream(several), "x.npz").Values[0], Is.EqualTo(2));
        Assert.That(NpzFile.Read(new MemoryStream(several), "x.npz", "a").Values[0], Is.EqualTo(1));
        Assert.That(() => NpzFile.Read(new MemoryStream(Zip(("a", 1), ("b", 2))), "x.npz"), Throws.TypeOf<DataFormatException>().With.Message.Contains("holds a, b"));
        Assert.That(() => NpzFile.Read(new MemoryStream(one[..40]), "x.npz"), Throws.TypeOf<DataFormatException>().With.Message.Contains("x.npz"));
    }

    [Test]
    public void An_npz_lists_its_arrays_without_reading_their_values()
    {
        IReadOnlyList<NpzEntry> entries = NpzFile.List(new MemoryStream(Zip(("mel_spec", 1), ("sr", 2))), "x.npz");
        Assert.That(entries.Select(entry => entry.ToString()), Is.EqualTo(new[] { "mel_spec <f4 [1]", "sr <f4 [1]" }));
    }

    [Test]
    public void An_npz_with_one_name_twice_is_refused() =>
        Assert.That(() => NpzFile.Read(new MemoryStream(Zip(("mel", 1), ("mel", 2))), "x.npz"), Throws.TypeOf<DataFormatException>().With.Message.EqualTo("x.npz is damaged: it holds 'mel.npy' twice."));

    [Test]
    public void An_npz_that_unpacks_to_far_more_than_its_size_is_refused_before_it_does()
    {
        byte[] file = ZipOfZeros(50_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => NpzFile.Read(new MemoryStream(file), "x.npz"), Throws.TypeOf<DataFormatException>().With.Message.Contains("unpacks to 5000000 values"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        Assert.That(NpzFile.Read(new MemoryStream(ZipOfZeros(20_000)), "x.npz").Values.Length, Is.EqualTo(2_000_000), "three minutes of silence");
    }

    [Test]
    public void A_file_of_torch_save_is_told_as_one()
    {
        MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
            archive.CreateEntry("mel/data.pkl").Open().Dispose();
        Assert.That(() => NpzFile.Read(stream, "mel.pt"), Throws.TypeOf<DataFormatException>().With.Message.Contains("mel.pt is a file of torch.save, not of NumPy"));
    }

    private static byte[] ZipOfZeros(int frames)
    {
        MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("mel.npy", CompressionLevel.Fastest).Open())
            NpyFile.Write(entry, new FloatTensor([100, frames], new float[100 * frames]));
        return stream.ToArray();
    }

    private static byte[] Zip(params (string Key, float Value)[] arrays)
    {
        MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach ((string key, float value) in arrays)
                using (Stream entry = archive.CreateEntry(key + ".npy").Open())
                    NpyFile.Write(entry, new FloatTensor([1], [value]));
        return stream.ToArray();
    }

    [Test]
    public async Task An_array_is_read_from_memory_and_asynchronously_as_from_a_stream()
    {
        FloatTensor expected = new([3, 70_000], [.. Enumerable.Range(0, 210_000).Select(i => (float)i)]);
        MemoryStream file = new();
        NpyFile.Write(file, expected);

        FloatTensor fromMemory = NpyFile.Read(file.ToArray(), "x.npy");
        FloatTensor later = await NpyFile.ReadAsync(new MemoryStream(file.ToArray()), "x.npy");

        Assert.That((fromMemory.Shape.ToArray(), later.Shape.ToArray()), Is.EqualTo((expected.Shape.ToArray(), expected.Shape.ToArray())));
        Assert.That(fromMemory.Values.SequenceEqual(expected.Values) && later.Values.SequenceEqual(expected.Values));
    }

    [Test]
    public void A_body_longer_than_allowed_is_refused()
    {
        MemoryStream file = new();
        NpyFile.Write(file, new FloatTensor([100], new float[100]));

        Assert.That(async () => await NpyFile.ReadAsync(new MemoryStream(file.ToArray()), "The body", (int)file.Length), Throws.Nothing);
        Assert.That(async () => await NpyFile.ReadAsync(new MemoryStream(file.ToArray()), "The body", (int)file.Length - 1),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"The body has more than {file.Length - 1} bytes, the most that are taken."));
    }
}
