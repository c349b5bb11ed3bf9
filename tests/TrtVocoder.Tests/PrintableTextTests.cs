using System.Text.Encodings.Web;
using System.Text.Json;
namespace TrtVocoder.Tests;

public sealed class PrintableTextTests
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Test]
    public void Json_keeps_its_meaning_and_loses_what_steers_a_terminal()
    {
        string text = JsonSerializer.Serialize("a\u202e\u200b\U000E0041é\u0085z", Relaxed);
        string escaped = PrintableText.EscapeInJson(text);
        Assert.That(PrintableText.Clean(escaped), Is.EqualTo(escaped));
        Assert.That(JsonSerializer.Deserialize<string>(escaped), Is.EqualTo("a\u202e\u200b\U000E0041é\u0085z"));
        Assert.That(PrintableText.EscapeInJson("{\"a\": \"é\"}"), Is.EqualTo("{\"a\": \"é\"}"));
    }

    [TestCase("mel.npy, 24 000 Hz, Größe 声音", "mel.npy, 24 000 Hz, Größe 声音")]
    [TestCase("\u001b[2J\u001b]0;owned\u0007", "?[2J?]0;owned?")]
    [TestCase("a\u009b31mb", "a?31mb")]
    [TestCase("one\r\ntwo\tthree", "one  two three")]
    [TestCase("txt.\u202Eexe", "txt.?exe")]
    public void What_steers_a_terminal_is_replaced_and_all_else_kept(string text, string expected) => Assert.That(PrintableText.Clean(text), Is.EqualTo(expected));

    [Test]
    public void Half_a_character_is_replaced() => Assert.That(PrintableText.Clean((char)0xD800 + " alone"), Is.EqualTo("? alone"));

    [Test]
    public void Long_text_is_cut() => Assert.That(PrintableText.Name(new string('x', 1000)), Is.EqualTo(new string('x', 100) + "…"));

    [Test]
    public void Every_message_of_this_library_is_clean() =>
        Assert.That(new DataFormatException("'\u001b[2J': " + new string('x', 100_000)).Message, Does.StartWith("'?[2J': x").And.Length.EqualTo(PrintableText.MaxMessageLength + 1));
}
