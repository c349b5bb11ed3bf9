using System.Globalization;
using System.Text.RegularExpressions;
using TrtVocoder.Cli.Running;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Sizes as <c>build</c> takes them: our own short form and trtexec's.</summary>
internal static partial class BuildShapes
{
    private const int DefaultOptFrames = 256;
    private const int DefaultMaxFrames = 1024;

    /// <summary>Completes a profile: what is not given follows from what is.</summary>
    /// <param name="min">The option's text, or null.</param>
    /// <param name="opt">Likewise.</param>
    /// <param name="max">Likewise.</param>
    /// <returns>The profile; and the input's name and bands, where trtexec's form tells them.</returns>
    public static (TrtOptimizationProfile Profile, string? Input, int? MelCount) Profile(string? min, string? opt, string? max)
    {
        Shape smallest = Parse("--min", min), usual = Parse("--opt", opt), largest = Parse("--max", max);
        int minFrames = smallest.Frames ?? 1;
        int maxFrames = largest.Frames ?? Math.Max(DefaultMaxFrames, Math.Max(minFrames, usual.Frames ?? 0));
        int optFrames = usual.Frames ?? Math.Max(minFrames, Math.Min(DefaultOptFrames, maxFrames));
        int minBatch = smallest.Batch ?? 1;
        TrtOptimizationProfile profile = new(
            minBatch, usual.Batch ?? minBatch, largest.Batch ?? Math.Max(minBatch, usual.Batch ?? 1), minFrames, optFrames, maxFrames);
        Shape[] given = [smallest, usual, largest];
        string[] inputs = [.. given.Select(shape => shape.Input).OfType<string>().Distinct()];
        int[] bands = [.. given.Select(shape => shape.MelCount).OfType<int>().Distinct()];
        if (inputs.Length > 1 || bands.Length > 1)
            throw CliException.Usage($"--min, --opt and --max are shapes of one mel, but name "
                + $"{string.Join(" and ", inputs.Length > 1 ? inputs : bands.Select(count => $"{count} bands"))}.");
        try
        {
            profile.Validate();
            return (profile, inputs.FirstOrDefault(), bands.Length > 0 ? bands[0] : null);
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
        if (!match.Success
            || !double.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            throw CliException.Usage($"--mem-pool-size {text}: expected workspace:SIZE, e.g. workspace:4096M or workspace:4G.");
        int shift = match.Groups[2].Value.ToUpperInvariant() switch { "B" => 0, "K" => 10, "G" => 30, _ => 20 };
        double bytes = number * (1L << shift);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : throw CliException.Usage(
            $"--mem-pool-size {text}: the size must be above 0.");
    }

    // 256, 4x256, or trtexec's mel:4x100x256.
    private static Shape Parse(string option, string? text)
    {
        if (text is null)
            return new Shape(null, null, null, null);
        Match match = ShapePattern().Match(text);
        bool isWhole = match.Success;
        foreach (string part in (ReadOnlySpan<string>)["batch", "bands", "frames"])
            isWhole &= !match.Groups[part].Success || Size(match.Groups[part]) is not null;
        return isWhole
            ? new Shape(
                match.Groups["input"].Success ? match.Groups["input"].Value : null, Size(match.Groups["batch"]),
                Size(match.Groups["bands"]), Size(match.Groups["frames"]))
            : throw CliException.Usage($"{option} {text}: expected frames (256), batch x frames (4x256), or an input's shape as trtexec "
                + $"takes it (mel:4x100x256), all at least 1.");

        static int? Size(Group group) =>
            group.Success && int.TryParse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size > 0
                ? size
                : null;
    }

    // A shape that names its input has all three axes, as that has.
    [GeneratedRegex(
        @"^(?:(?:(?<input>[^:]+):(?=\d+x\d+x))?(?<batch>\d+)x(?:(?<bands>\d+)x)?)?(?<frames>\d+)$", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern();

    [GeneratedRegex(@"^workspace:(\d+(?:\.\d+)?)(?:([BKMG])(?:iB|B)?)?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex WorkspacePattern();

    private sealed record Shape(string? Input, int? Batch, int? MelCount, int? Frames);
}
