using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Checkpoints;

/// <summary>Whatever the bytes, a checkpoint loads or is refused in a sentence: no other exception ever.</summary>
[TestFixture("zip")]
[TestFixture("non-zip")]
[TestFixture("safetensors")]
[TestFixture("config")]
public sealed class MalformedCheckpointTests(string form)
{
    private static readonly VocosCheckpoint Valid = RandomCheckpoint.Create(RandomCheckpoint.Smallest);

    private readonly byte[] _valid = Make(form);

    [Test]
    public void The_unharmed_file_loads() => Assert.That(TryLoad(_valid), Is.True);

    [Test]
    public void Every_truncation_is_refused_or_harmless()
    {
        for (int length = 0; length < _valid.Length; length++)
        {
            bool loaded = TryLoad(_valid[..length]);
            // A config that ends within its last value may still be one: "padding: same" cut to a shorter document is then refused elsewhere.
            if (form != "config")
                Assert.That(loaded, Is.False, $"cut to {length} of {_valid.Length} bytes");
        }
    }

    [Test]
    public void Every_single_byte_may_be_anything()
    {
        byte[] file = (byte[])_valid.Clone();
        for (int i = 0; i < file.Length; i++)
        {
            foreach (byte value in (byte[])[0xff, (byte)(file[i] ^ 0x01)])
            {
                file[i] = value;
                TryLoad(file);
            }
            file[i] = _valid[i];
        }
    }

    [Test]
    public void Random_edits_are_refused_or_harmless()
    {
        Gen<(int Position, int Kind, byte Value)[]> edits =
            (from position in Gen.Choose(0, _valid.Length - 1)
             from kind in Gen.Choose(0, 3)
             from value in Gen.Choose(0, 255)
             select (position, kind, (byte)value)).NonEmptyListOf().Select(list => list.ToArray());

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1500),
            Prop.ForAll(edits.ToArbitrary(), list =>
            {
                TryLoad(Apply(list));
                return true;
            }));
    }

    private static byte[] Make(string form)
    {
        if (form == "config")
            return Encoding.UTF8.GetBytes(VocosConfigWriter.Write(Valid.Config));
        if (form == "safetensors")
        {
            using MemoryStream file = new();
            SafetensorsFile.Write(file, Valid.Tensors, metadata: new Dictionary<string, string> { ["format"] = "pt" });
            return file.ToArray();
        }
        TorchFileWriter writer = TorchFileWriter.FromTensors(Valid.Tensors);
        return form == "zip" ? writer.ToZip() : writer.ToLegacy();
    }

    private byte[] Apply((int Position, int Kind, byte Value)[] edits)
    {
        List<byte> file = [.. _valid];
        foreach ((int place, int kind, byte value) in edits)
        {
            int position = Math.Min(place, file.Count - 1);
            if (kind == 0 && file.Count > 1)
                file.RemoveAt(position);
            else if (kind == 1)
                file.Insert(position, value);
            else if (kind == 2)
                file[position] = _valid[(value * 131) % _valid.Length];
            else
                file[position] = value;
        }
        return [.. file];
    }

    /// <returns>Whether the file loaded; any exception but a <see cref="DataFormatException"/> fails the test.</returns>
    private bool TryLoad(byte[] file)
    {
        try
        {
            if (form == "config")
                VocosConfigReader.Parse(Encoding.UTF8.GetString(file), "config.yaml");
            else
                VocosCheckpoint.FromBytes(Valid.Config, file, form == "safetensors" ? "model.safetensors" : "model.bin");
            return true;
        }
        catch (DataFormatException e)
        {
            Assert.That(e.Message, Does.Contain(form switch { "config" => "config.yaml", "safetensors" => "model.safetensors", _ => "model.bin" }));
            return false;
        }
    }
}
