using System.Globalization;
using System.Text.RegularExpressions;

namespace TrtVocoder.Decoding;

/// <summary>What exporters' names of outputs say, in any spelling: <c>mag</c>, <c>STFT_Real</c>, <c>cosPhase</c>, <c>audio_48k</c>.</summary>
internal static partial class OutputNames
{
    /// <summary>The role of an output by its name.</summary>
    public static OutputRole RoleOf(string name)
    {
        string[] words = [.. Words().Matches(name).Select(match => match.Value.ToLowerInvariant())];
        string text = string.Concat(words);
        if (Has("len", "lens", "length", "lengths"))
            return OutputRole.Lengths;
        if (Has("imag", "im", "imaginary") || Ends("imag", "imaginary"))
            return OutputRole.Imaginary;
        if (Has("real", "re") || Ends("real"))
            return OutputRole.Real;
        if (Has("cos", "cosine") || Ends("cos", "cosine") || text == "x")
            return OutputRole.Cosine;
        if (Has("sin", "sine") || Ends("sin", "sine") || text == "y")
            return OutputRole.Sine;
        if (Contains("mag", "amplitude", "amp", "abs"))
            return Contains("log") ? OutputRole.LogMagnitude : OutputRole.Magnitude;
        if (Contains("phase", "angle", "phi", "theta") || text is "p" or "arg")
            return OutputRole.Phase;
        return Contains("audio", "wav", "sample", "speech", "pcm") ? OutputRole.Samples : OutputRole.Unknown;

        bool Has(params ReadOnlySpan<string> wanted)
        {
            foreach (string word in wanted)
                if (words.Contains(word))
                    return true;
            return false;
        }

        bool Ends(params ReadOnlySpan<string> endings)
        {
            foreach (string ending in endings)
                if (text.EndsWith(ending, StringComparison.Ordinal))
                    return true;
            return false;
        }

        bool Contains(params ReadOnlySpan<string> parts)
        {
            foreach (string part in parts)
                if (text.Contains(part, StringComparison.Ordinal))
                    return true;
            return false;
        }
    }

    /// <summary>The sample rate that a name tells: 48000 of <c>audio_48k</c>, 22050 of <c>wav22050</c>; null for none.</summary>
    public static int? RateOf(string name)
    {
        foreach (Match match in Rates().Matches(name))
        {
            int number = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            int rate = match.Groups[2].Length > 0 ? number switch { 11 => 11025, 22 => 22050, 44 => 44100, _ => number * 1000 } : number;
            if (rate is >= 8000 and <= 192_000)
                return rate;
        }
        return null;
    }

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")]
    private static partial Regex Words();

    [GeneratedRegex("(?<![0-9])([0-9]{1,6})(k|K)?(?![0-9])")]
    private static partial Regex Rates();
}
