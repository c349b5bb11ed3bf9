using System.Buffers.Binary;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Tests.TensorRt;

public class EnginePlanHeaderTests
{
    // As read off a plan of TensorRT 10.6.0.26.
    private static byte[] Plan(string magic, int planBytes, int fileBytes, params byte[] version)
    {
        byte[] plan = new byte[fileBytes];
        System.Text.Encoding.ASCII.GetBytes(magic, plan);
        BinaryPrimitives.WriteUInt32LittleEndian(plan.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt64LittleEndian(plan.AsSpan(16), (ulong)planBytes);
        version.CopyTo(plan, 24);
        return plan;
    }

    [Test]
    public void A_plan_tells_its_flavour_version_and_size()
    {
        EnginePlanHeader? plan = EnginePlanHeader.TryParse(Plan("ftrt", 64, 64, 10, 6, 0, 26));
        EnginePlanHeader? rtx = EnginePlanHeader.TryParse(Plan("vtrt", 64, 64, 1, 7, 1, 116));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan?.Maker, Is.EqualTo("TensorRT 10.6.0.26"));
            Assert.That(plan?.PlanBytes, Is.EqualTo(64));
            Assert.That(rtx?.Maker, Is.EqualTo("TensorRT-RTX 1.7.1.116"));
            Assert.That(rtx?.Flavour, Is.EqualTo(EngineFlavour.TensorRtRtx));
        }
    }

    [Test]
    public void What_is_no_plan_is_null()
    {
        Assert.That(EnginePlanHeader.TryParse("ftrt"u8), Is.Null);
        Assert.That(EnginePlanHeader.TryParse(new byte[100]), Is.Null);
    }

    [TestCase(0, "the file is empty")]
    [TestCase(10, "truncated, 10 bytes are less than its header")]
    [TestCase(40, "truncated, 40 of 64 bytes")]
    public void A_short_file_says_so(int bytes, string expected) =>
        Assert.That(
            () => Read([.. Plan("ftrt", 64, 64, 10, 6, 0, 26).Take(bytes)]),
            Throws.TypeOf<DataFormatException>().With.Message.Contains(expected).And.Message.Contains("x.engine"));

    [TestCase(new byte[] { 0x50, 0x4B, 3, 4 }, "zip archive")]
    [TestCase(new byte[] { 0x08, 0x08, 0x12, 0 }, "ONNX")]
    [TestCase(new byte[] { 1, 2, 3, 4 }, "not a TensorRT engine")]
    public void A_foreign_file_says_what_it_looks_like(byte[] start, string expected) =>
        Assert.That(() => Read([.. start, .. new byte[100]]), Throws.TypeOf<DataFormatException>().With.Message.Contains(expected));

    [Test]
    public void A_file_that_is_not_there_is_one_sentence() =>
        Assert.That(() => EnginePlanHeader.Read("/nowhere/x.engine"), Throws.TypeOf<DataFormatException>().With.Message.Contains("/nowhere/x.engine"));

    private static void Read(byte[] content)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "x.engine");
            File.WriteAllBytes(path, content);
            EnginePlanHeader.Read(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
