using System.Globalization;
using System.Text;

namespace TrtVocoder.Soak;

/// <summary>What a soak found.</summary>
public sealed class SoakResult
{
    private readonly Lock _lock = new();
    private readonly List<string> _faults = [];

    /// <summary>What was wrong, a sentence each; the first hundred.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock)
                return [.. _faults];
        }
    }

    /// <summary>Requests by how they ended.</summary>
    public SortedDictionary<string, int> Endings { get; } = [];

    /// <summary>Bytes that were compared.</summary>
    public long Bytes { get; set; }

    /// <summary>Time from the first request to the last answer.</summary>
    public TimeSpan Time { get; set; }

    /// <summary>Milliseconds from a request to its first byte, of whole answers.</summary>
    public List<double> FirstBytesMs { get; } = [];

    /// <summary>Threads and memory of the service, twice a second.</summary>
    public List<(double Seconds, int Threads, double MiB)> Samples { get; } = [];

    /// <summary>The largest share of memory, and MiB, by which the last third of a run may lie above the middle one.</summary>
    public const double MaxGrowth = 0.1, MaxGrowthMiB = 16;

    /// <summary>Adds a fault.</summary>
    public void Fail(string fault)
    {
        lock (_lock)
            if (_faults.Count < 100)
                _faults.Add(fault);
    }

    /// <summary>Counts a request.</summary>
    public void Count(string ending, long bytes, double? firstByteMs)
    {
        lock (_lock)
        {
            Endings[ending] = Endings.GetValueOrDefault(ending) + 1;
            Bytes += bytes;
            if (firstByteMs is { } ms)
                FirstBytesMs.Add(ms);
        }
    }

    /// <summary>
    /// Compares the last third's threads and memory with the middle third's: the first one is the warming up. Of a run below a minute that
    /// tells nothing: .NET's heap and thread pool are looking for their sizes yet.
    /// </summary>
    public void JudgeGrowth()
    {
        int third = Samples.Count / 3;
        if (third == 0 || Time < TimeSpan.FromMinutes(1))
            return;
        List<(double Seconds, int Threads, double MiB)> middle = Samples[third..(2 * third)], last = Samples[(2 * third)..];
        double before = middle.Average(sample => sample.MiB), after = last.Average(sample => sample.MiB);
        if (after > before + Math.Max(MaxGrowthMiB, MaxGrowth * before))
            Fail(string.Create(CultureInfo.InvariantCulture, $"Memory grew from {before:f0} to {after:f0} MiB."));
        int threadsBefore = middle.Max(sample => sample.Threads), threadsAfter = last.Max(sample => sample.Threads);
        if (threadsAfter > threadsBefore + 2)
            Fail($"Threads grew from {threadsBefore} to {threadsAfter}.");
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        int requests = Endings.Values.Sum();
        text.AppendLine(
            culture,
            $"{requests} requests in {Time.TotalSeconds:f0} s ({requests / Time.TotalSeconds:f0} a second), {Bytes / 1e9:f2} GB compared");
        foreach ((string ending, int count) in Endings)
            text.AppendLine(culture, $"  {ending,-34}{count,8}");
        double[] sorted = [.. FirstBytesMs.Order()];
        if (sorted.Length > 0)
            text.AppendLine(culture, $"first byte     p50 {At(0.5):f0} ms, p90 {At(0.9):f0} ms, p99 {At(0.99):f0} ms");
        if (Samples.Count >= 3)
        {
            int third = Samples.Count / 3;
            text.AppendLine(culture, $"threads        {Parts(part => part.Max(sample => sample.Threads))} (the most of each third)");
            text.AppendLine(culture, $"memory, MiB    {Parts(part => part.Average(sample => sample.MiB))} (the mean of each third)");
            string Parts(Func<List<(double Seconds, int Threads, double MiB)>, double> of) => string.Create(
                culture, $"{of(Samples[..third]):f0}, {of(Samples[third..(2 * third)]):f0}, {of(Samples[(2 * third)..]):f0}");
        }
        foreach (string fault in Faults)
            text.AppendLine(culture, $"WRONG: {fault}");
        return text.ToString();

        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
    }
}
