namespace TrtVocoder.TestSupport;

/// <summary>
/// What a test needs beside the code. On a developer's machine a test without it is skipped and says why. Where CI=true it fails, unless
/// TRTV_TEST_WITHOUT names what is left out on purpose: a run in which nothing could be tried must not pass for one in which all is well.
/// </summary>
public static class Needed
{
    /// <summary>What may be left out: NVIDIA's libraries, which are not ours to install.</summary>
    public const string Nvidia = "nvidia";

    /// <summary>A Chromium, which not every distribution has as a package.</summary>
    public const string Browser = "browser";

    private static readonly string[] Known = [Nvidia, Browser];

    /// <summary>Skips the test or fails it.</summary>
    /// <param name="reason">What is missing, and what to do.</param>
    /// <param name="ignore">Skips a test: Assert.Ignore.</param>
    /// <param name="optOut">The name by which it may be left out; null where it may not.</param>
    /// <exception cref="InvalidOperationException">It must be there.</exception>
    public static void Missing(string reason, Action<string> ignore, string? optOut = null) =>
        Missing(reason, ignore, optOut, Environment.GetEnvironmentVariable("CI"), Environment.GetEnvironmentVariable("TRTV_TEST_WITHOUT"));

    /// <summary>The same for given values of CI and TRTV_TEST_WITHOUT.</summary>
    public static void Missing(string reason, Action<string> ignore, string? optOut, string? ci, string? without)
    {
        string[] names = (without ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Except(Known).FirstOrDefault() is { } unknown)
            throw new InvalidOperationException($"TRTV_TEST_WITHOUT names '{unknown}'; it knows {string.Join(", ", Known)}.");
        if (ci == "true" && !names.Contains(optOut))
            throw new InvalidOperationException($"{reason} With CI=true that is a failure{(optOut is null ? "" : $" unless TRTV_TEST_WITHOUT={optOut}")}.");
        ignore(reason);
    }
}
