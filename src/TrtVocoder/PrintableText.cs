using System.Buffers;
using System.Globalization;
using System.Text;

namespace TrtVocoder;

/// <summary>
/// Makes text from files harmless where it is printed: a name in a stranger's file must neither steer a terminal nor fill it. Every message
/// of <see cref="TrtVocoderException"/> passes through here. Safe for use by many threads.
/// </summary>
internal static class PrintableText
{
    /// <summary>Characters of the longest message; what is beyond is cut off.</summary>
    public const int MaxMessageLength = 4000;

    /// <summary>Characters of the longest name that a message quotes.</summary>
    public const int MaxNameLength = 100;

    /// <summary>
    /// Replaces what is not printed as itself by <c>?</c>, line breaks and tabs by a space: control characters, lone surrogates, and the
    /// marks that reverse or hide text (Unicode's format characters, line and paragraph separators, private use).
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="maxLength">Characters to keep; where there are more, <c>…</c> stands for the rest.</param>
    /// <returns>The text itself where there is nothing to change.</returns>
    public static string Clean(string text, int maxLength = MaxMessageLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isCut = text.Length > maxLength;
        ReadOnlySpan<char> kept = isCut ? text.AsSpan(0, maxLength) : text;
        int first = IndexOfUnprintable(kept);
        if (first < 0)
            return isCut ? $"{kept}…" : text;
        StringBuilder clean = new(kept.Length + 1);
        while (first >= 0)
        {
            clean.Append(kept[..first]).Append(kept[first] is '\n' or '\r' or '\t' ? ' ' : '?');
            kept = kept[(first + 1)..];
            first = IndexOfUnprintable(kept);
        }
        clean.Append(kept);
        return isCut ? clean.Append('…').ToString() : clean.ToString();
    }

    /// <summary>The same text of JSON with escapes for what is not printed as itself; whatever reads JSON reads the same.</summary>
    /// <param name="json">A line of JSON, or a part of one.</param>
    public static string EscapeInJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        ReadOnlySpan<char> rest = json;
        if (IndexOfUnprintable(rest) < 0)
            return json;
        StringBuilder escaped = new(json.Length + 16);
        for (int at = IndexOfUnprintable(rest); at >= 0; at = IndexOfUnprintable(rest))
        {
            // Of two halves of a character the second stands by itself then, and is escaped next.
            escaped.Append(rest[..at]).Append(CultureInfo.InvariantCulture, $"\\u{(int)rest[at]:X4}");
            rest = rest[(at + 1)..];
        }
        return escaped.Append(rest).ToString();
    }

    /// <summary>A name from a file as messages quote it: clean, and no longer than <see cref="MaxNameLength"/>.</summary>
    public static string Name(string name) => Clean(name, MaxNameLength);

    private static int IndexOfUnprintable(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is >= ' ' and <= '~')
                continue;
            if (Rune.DecodeFromUtf16(text[i..], out Rune rune, out int length) != OperationStatus.Done || !IsPrintable(rune))
                return i;
            i += length - 1;
        }
        return -1;
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or
        UnicodeCategory.Format or
        UnicodeCategory.Surrogate or
        UnicodeCategory.PrivateUse or
        UnicodeCategory.OtherNotAssigned or
        UnicodeCategory.LineSeparator or
        UnicodeCategory.ParagraphSeparator);
}
