using System.Globalization;
using TrtVocoder.Internal;

namespace TrtVocoder.Benchmarking;

/// <summary>Lengths of utterances in frames, one a line; what follows a # is a comment.</summary>
internal static class LengthList
{
    /// <summary>The name of the list that this program brings along.</summary>
    public const string Bundled = "f5tts";

    private const int MaxFrames = 100_000;
    private const int MaxBytes = 4 << 20;

    /// <summary>Reads a file, or the bundled list.</summary>
    public static int[] Read(string source)
    {
        if (source == Bundled)
        {
            using StreamReader bundled = new(typeof(LengthList).Assembly.GetManifestResourceStream("f5tts-lengths.txt")!);
            return Parse(bundled.ReadToEnd(), source);
        }
        return Parse(new StreamReader(new MemoryStream(WholeFile.Read(source, MaxBytes))).ReadToEnd(), source);
    }

    /// <summary>Reads lengths separated by commas, as on the command line.</summary>
    /// <exception cref="FormatException">They are none; the message is a sentence for the user.</exception>
    public static int[] ParseOption(string option, string text) =>
        [.. text.Split(',').Select(part => Parse(part) ?? throw new FormatException(
            $"{option} {text}: expected lengths in frames, 1 to {MaxFrames}, like 64,256,512."))];

    /// <summary>Reads sizes of batches separated by commas, as on the command line.</summary>
    /// <exception cref="FormatException">They are none; the message is a sentence for the user.</exception>
    public static int[] ParseBatches(string option, string text) =>
        [.. text.Split(',').Select(part => Parse(part) ?? throw new FormatException(
            $"{option} {text}: expected numbers of mels from 1 on, like 1,4,16."))];

    private static int[] Parse(string text, string source)
    {
        List<int> lengths = [];
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string length = line.Split('#')[0].Trim();
            if (length.Length > 0)
                lengths.Add(Parse(length) ?? throw new DataFormatException(
                    $"{source}, line {number}: '{Shorten(length)}' is no length; expected frames, a whole number from 1 to {MaxFrames}."));
        }
        return lengths.Count > 0 ? [.. lengths] : throw new DataFormatException(
            $"{source} holds no lengths; expected one length in frames a line.");
    }

    private static int? Parse(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length is > 0 and <= MaxFrames
            ? length
            : null;

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
