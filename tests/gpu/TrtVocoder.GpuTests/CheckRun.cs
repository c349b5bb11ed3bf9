using System.Diagnostics.CodeAnalysis;

namespace TrtVocoder.GpuTests;

/// <summary>Runs checks and counts them. A check passes by returning its figures and fails by throwing; it is skipped only where its group was left out by name.</summary>
internal sealed class CheckRun
{
    /// <summary>What can be left out by name: the folders of engines, and the engine of TensorRT-RTX.</summary>
    public static readonly string[] Groups = ["tiny", "half-width", "half-width-shift", "forms", "streaming", "rtx"];

    private readonly HashSet<string> _leftOut;
    private int _passed;
    private int _failed;
    private int _skipped;

    /// <summary>Starts counting.</summary>
    /// <exception cref="ArgumentException">A group is unknown: left out by a misspelt name, its checks would fail for no reason that the user can see.</exception>
    public CheckRun(IEnumerable<string> leftOut)
    {
        _leftOut = [.. leftOut];
        if (_leftOut.Except(Groups).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"There is no group '{unknown}' to leave out; there are {string.Join(", ", Groups)}.");
    }

    public void Check(string group, string name, Func<string> check)
    {
        if (_leftOut.Contains(group))
        {
            Console.WriteLine($"SKIP {name}: left out by --without {group}");
            _skipped++;
            return;
        }
        try
        {
            Console.WriteLine($"PASS {name}: {check()}");
            _passed++;
        }
        catch (Exception failure)
        {
            Console.WriteLine($"FAIL {name}: {failure.GetType().Name}: {failure.Message}");
            _failed++;
        }
    }

    /// <summary>Prints the closing line.</summary>
    /// <returns>The exit code: 0 where something passed and nothing failed.</returns>
    public int Close()
    {
        Console.WriteLine($"{_passed} passed, {_failed} failed, {_skipped} skipped");
        return _failed == 0 && _passed > 0 ? 0 : 1;
    }

    public static void Require([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }

    /// <summary>Requires a ratio; NaN does not reach any.</summary>
    public static void RequireSnr(double snrDb, double leastDb, string what) => Require(snrDb >= leastDb, FormattableString.Invariant($"{what}: {snrDb:F1} dB, expected at least {leastDb} dB"));

    /// <summary>Requires a refusal of exactly one type, in one line that says all the words.</summary>
    /// <returns>The line.</returns>
    public static string Refused<T>(Action action, params ReadOnlySpan<string> words)
        where T : Exception
    {
        string? message = null;
        try
        {
            action();
        }
        catch (T refusal) when (refusal.GetType() == typeof(T))
        {
            message = refusal.Message;
        }
        Require(message is not null, $"nothing was refused, expected {typeof(T).Name}");
        Require(!message.AsSpan().ContainsAny('\n', '\r'), $"the refusal has several lines: {message.ReplaceLineEndings(" / ")}");
        foreach (string word in words)
            Require(message.Contains(word, StringComparison.Ordinal), $"the refusal does not say '{word}': {message}");
        return message;
    }
}
