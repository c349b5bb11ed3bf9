using System.Diagnostics;

namespace TrtVocoder.Fuzz;

/// <summary>What one input did.</summary>
/// <param name="IsAccepted">It was read; else it was refused, or there is a fault.</param>
/// <param name="AllocatedBytes">Managed bytes that were allocated in all, which is at least what was held at any time.</param>
/// <param name="Fault">What is wrong, in a line; null where nothing is.</param>
internal sealed record Verdict(bool IsAccepted, long AllocatedBytes, string? Fault)
{
    /// <summary>The time after which an input is said to hang. Generous: a CI machine is a busy one.</summary>
    public const double MaxSeconds = 5;

    public static Verdict Judge(FuzzTarget target, byte[] input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        string? fault = null;
        bool isAccepted = false;
        try
        {
            target.Run(input);
            isAccepted = true;
        }
        catch (TrtVocoderException refusal)
        {
            if (refusal.Message.Length > PrintableText.MaxMessageLength + 1 || PrintableText.Clean(refusal.Message) != refusal.Message)
                fault = "a message that is too long or not printable";
        }
#pragma warning disable CA1031 // Every other exception is the finding.
        catch (Exception error)
#pragma warning restore CA1031
        {
            fault = $"{error.GetType().Name} in {Where(error)}: {PrintableText.Clean(error.Message, 120)}";
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (fault is null && allocated > target.GetMemoryBound(input.Length))
            fault = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{allocated >> 20} MiB allocated for {input.Length} bytes");
        if (fault is null && seconds > MaxSeconds)
            fault = $"it took more than {MaxSeconds} seconds";
        return new Verdict(isAccepted, allocated, fault);
    }

    private static string Where(Exception error) =>
        new StackTrace(error).GetFrames().Select(frame => frame.GetMethod()).FirstOrDefault(method => method?.DeclaringType?.Namespace?.StartsWith("TrtVocoder", StringComparison.Ordinal) == true) is { } method
            ? $"{method.DeclaringType!.Name}.{method.Name}"
            : "unknown code";
}
