using System.Text;
using TrtVocoder.Decoding;

namespace TrtVocoder.Tests.Decoding;

public sealed class OnnxOutlineTests
{
    private static readonly byte[] Output = Field(12, Text(1, "audio"));

    [Test]
    public void Metadata_and_files_of_weights_are_read_and_nothing_else_of_the_network()
    {
        byte[] weights = Field(5, [.. Field(9, new byte[1000]), .. Field(13, [.. Text(1, "location"), .. Text(2, "weights.bin")])]);
        OnnxOutline outline = OnnxOutline.Read([0x08, 9, .. Field(7, [.. weights, .. Output]), .. Property("a", "1"), .. Property("b", "2")], "x.onnx");
        Assert.That(outline.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }));
        Assert.That(outline.ExternalFiles, Is.EqualTo(new[] { "weights.bin" }));
        Assert.That(() => outline.RequireExternalFiles("/nowhere/x.onnx"), Throws.TypeOf<DataFormatException>().With.Message.Contains("/nowhere/weights.bin does not exist"));
    }

    [Test]
    public void Weights_outside_of_the_models_folder_are_refused()
    {
        foreach (string name in new[] { "/etc/passwd", "../secret.bin", "a/../../b" })
            Assert.That(
                () => new OnnxOutline { Metadata = new Dictionary<string, string>(), ExternalFiles = [name] }.RequireExternalFiles("x.onnx"),
                Throws.TypeOf<DataFormatException>().With.Message.Contains("outside of its folder"));
    }

    [Test]
    public void A_file_of_weights_that_is_missing_is_named() =>
        Assert.That(
            () => new OnnxOutline { Metadata = new Dictionary<string, string>(), ExternalFiles = ["m.onnx.data"] }.RequireExternalFiles("/nowhere/x.onnx"),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("/nowhere/m.onnx.data does not exist; copy that, too"));

    [Test]
    public void A_property_with_a_NUL_in_its_name_or_named_twice_is_refused()
    {
        Assert.That(() => OnnxOutline.Read(Property("a\0b", "1"), "x.onnx"), Throws.TypeOf<DataFormatException>().With.Message.Contains("'a?b' in its metadata holds a NUL"));
        Assert.That(() => OnnxOutline.Read([.. Property("a", "1"), .. Property("a", "1")], "x.onnx"), Throws.TypeOf<DataFormatException>().With.Message.Contains("'a' twice"));
    }

    [Test]
    public void A_network_without_outputs_is_refused() =>
        Assert.That(() => OnnxOutline.Read(Field(7, Text(2, "main")), "x.onnx"), Throws.TypeOf<DataFormatException>().With.Message.Contains("no outputs"));

    [Test]
    public void Every_truncation_is_refused_or_read()
    {
        byte[] model = [0x08, 9, .. Field(7, Output), .. Property("name", "value")];
        for (int length = 0; length < model.Length; length++)
        {
            try
            {
                OnnxOutline.Read(model[..length], "x.onnx");
            }
            catch (DataFormatException)
            {
            }
        }
    }

    private static byte[] Property(string key, string value) => Field(14, [.. Text(1, key), .. Text(2, value)]);

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content)
    {
        byte[] length = content.Length < 0x80 ? [(byte)content.Length] : [(byte)(content.Length | 0x80), (byte)(content.Length >> 7)];
        return [(byte)((number << 3) | 2), .. length, .. content];
    }
}
