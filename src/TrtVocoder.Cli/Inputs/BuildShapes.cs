using System.Globalization;
using System.Text.RegularExpressions;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Sizes as <c>build</c> takes them: our own short form and trtexec's.</summary>
internal static partial class BuildShapes
{
    private const int DefaultOptFrames = 256;
    private const int DefaultMaxFrames = 1024;

    /// <summary>Completes a profile: what is not given follows from what is.</summary>
    public static TrtOptimizationProfile Profile(string? min, string? opt, string? max)
    {
        (int? minBatch, int? givenMin) = Parse("--min", min);
        (int? maxBatch, int? maxFrames) = Parse("--max", max);
        (int? optBatch, int? optFrames) = Parse("--opt", opt);
        int minFrames = givenMin ?? 1;
        int most = maxFrames ?? Math.Max(DefaultMaxFrames, Math.Max(minFrames, optFrames ?? 0));
        int usual = optFrames ?? Math.Max(minFrames, Math.Min(DefaultOptFrames, most));
        int least = minBatch ?? 1;
        TrtOptimizationProfile profile = new(least, optBatch ?? least, maxBatch ?? Math.Max(least, optBatch ?? 1), minFrames, usual, most);
        try
        {
            profile.Validate();
            return profile;
        }
        catch (ArgumentException error)
        {
            throw CliException.Usage($"--min, --opt, --max: {error.Message}");
        }
    }

    /// <summary>Reads <c>workspace:SIZE</c>; as in trtexec a bare number is MiB.</summary>
    public static long? Workspace(string? text)
    {
        if (text is null)
            return null;
        Match match = WorkspacePattern().Match(text);
        if (!match.Success || !double.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            throw CliException.Usage($"--mem-pool-size {text}: expected workspace:SIZE, e.g. workspace:4096M or workspace:4G.");
        int shift = match.Groups[2].Value.ToUpperInvariant() switch { "B" => 0, "K" => 10, "G" => 30, _ => 20 };
        double bytes = number * (1L << shift);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : throw CliException.Usage($"--mem-pool-size {text}: the size must be above 0.");
    }

    // 256, 4x256, or trtexec's mel:4x100x256, whose bands the model itself tells.
    private static (int? Batch, int? Frames) Parse(string option, string? text)
    {
        if (text is null)
            return (null, null);
        Match match = ShapePattern().Match(text);
        return match.Success && Size(match.Groups["frames"]) is { } frames && (!match.Groups["batch"].Success || Size(match.Groups["batch"]) is not null)
            ? (Size(match.Groups["batch"]), frames)
            : throw CliException.Usage($"{option} {text}: expected frames (256), batch x frames (4x256), or an input's shape as trtexec takes it (mel:4x100x256), all at least 1.");

        static int? Size(Group group) =>
            group.Success && int.TryParse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size > 0 ? size : null;
    }

    [GeneratedRegex(@"^(?:(?:[^:]+:)?(?<batch>\d+)x(?:\d+x)?)?(?<frames>\d+)$", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern();

    [GeneratedRegex(@"^workspace:(\d+(?:\.\d+)?)(?:([BKMG])(?:iB|B)?)?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex WorkspacePattern();
}
