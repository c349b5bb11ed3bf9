using System.Globalization;
using TrtVocoder.Benchmarking;

namespace TrtVocoder.FleetSimulation;

/// <summary>The tables of docs/scale.md.</summary>
internal static class Reports
{
    private const int Batch = 16;
    private const int Lanes = 2;
    private const int LongestWindow = 512;
    private const double LoadSeconds = 8;

    // The 48 mels of the measurement are not known, and what they have in common decides how full runs are.
    private const int Draws = 5;

    // The queue time that rows aim at which do not say another.
    private const double TargetMs = 1.5;

    // A fleet is as large as its load at 16:00 needs at so much of its capacity.
    private const double Utilization = 0.7;

    // docs/triton.md, "windows of all requests": one H200, 2026-11-28.
    private static readonly (int Clients, double Rate, double P50, double P99, double WindowsPerRun)[] Measured =
    [
        (1, 1606.1, 0.5, 0.9, 1.03),
        (4, 3447.8, 1.1, 1.8, 1.35),
        (16, 3767.9, 3.9, 8.5, 4.00),
        (64, 4207.5, 16.5, 25.2, 6.48),
    ];

    /// <summary>Prints what the arguments ask for.</summary>
    /// <param name="arguments">A verb and options.</param>
    /// <param name="output">Where to.</param>
    /// <exception cref="FormatException">They are not understood.</exception>
    /// <returns>0.</returns>
    public static int Run(string[] arguments, TextWriter output)
    {
        Dictionary<string, double> options = new() { ["--seed"] = 1, ["--factor"] = 1, ["--start"] = 180 };
        for (int i = 1; i < arguments.Length; i += 2)
        {
            if (!options.ContainsKey(arguments[i]))
                throw new FormatException($"'{arguments[i]}' is no option.");
            options[arguments[i]] = i + 1 < arguments.Length
                && double.TryParse(arguments[i + 1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value > 0
                    ? value
                    : throw new FormatException($"{arguments[i]} takes a number above 0.");
        }
        int seed = (int)options["--seed"];
        switch (arguments.FirstOrDefault())
        {
            case "check":
                Check(seed, output);
                return 0;
            case "windows":
                Windows(seed, output);
                return 0;
            case "day":
                Day(seed, options["--factor"], options["--start"], output);
                return 0;
            default:
                throw new FormatException("Expected check, windows or day.");
        }
    }

    private static void Check(int seed, TextWriter output)
    {
        output.WriteLine("| clients | requests/s measured | simulated | ÷ measured, five draws | p50 ms measured | simulated "
            + "| p99 ms measured | simulated | windows a run measured | simulated |");
        output.WriteLine("|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|");
        WindowCutter cutter = new(LongestWindow, Batch);
        InstanceOptions instance = new(RunTimes.H200, Batch, Lanes);
        foreach ((int clients, double rate, double p50, double p99, double windows) in Measured)
        {
            LoadResult[] draws = [.. Enumerable.Range(seed, Draws).Select(draw =>
                Loads.RunClosedLoop(instance, cutter.Cut, MeasuredLengths(draw), clients, LoadSeconds, draw))];
            double[] ratios = [.. draws.Select(draw => draw.RequestsPerSecond / rate)];
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {clients} | {rate:F0} | {Mean(draw => draw.RequestsPerSecond):F0} | "
                + $"{ratios.Average():F2} ({ratios.Min():F2} to {ratios.Max():F2}) | "
                + $"{p50:F1} | {Mean(draw => draw.Times.GetQuantile(0.5)):F1} | {p99:F1} | {Mean(draw => draw.Times.GetQuantile(0.99)):F1} | "
                + $"{windows:F2} | {Mean(draw => draw.WindowsPerRun):F2} |"));

            double Mean(Func<LoadResult, double> value) => draws.Average(value);
        }
    }

    private static void Windows(int seed, TextWriter output)
    {
        output.WriteLine("| windows | lanes | 1 client | 4 | 16 | 64 | windows a run at 64 |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|");
        foreach ((int longest, bool isOnlyLength, int lanes, bool hasOneRunAtATime) in new[]
        {
            (512, false, 2, true), (512, false, 1, true), (512, false, 4, true), (512, false, 2, false),
            (256, false, 2, true), (512, true, 2, true), (256, true, 2, true), (256, true, 1, true),
        })
        {
            WindowCutter cutter = new(longest, Batch, isOnlyLength);
            InstanceOptions instance = new(RunTimes.H200, Batch, lanes) { HasOneRunAtATime = hasOneRunAtATime };
            LoadResult[] results = [.. Measured.Select(row =>
                Loads.RunClosedLoop(instance, cutter.Cut, MeasuredLengths(seed), row.Clients, LoadSeconds, seed))];
            IEnumerable<string> cells = results.Select(result =>
                $"{Round(result.RequestsPerSecond)} ({Round(result.Times.GetQuantile(0.99))})");
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {string.Join(", ", cutter.Lengths)} | {lanes}{(hasOneRunAtATime ? "" : ", as if each had a GPU")} | "
                + $"{string.Join(" | ", cells)} | {results[^1].WindowsPerRun:F2} |"));
        }
    }

    private static void Day(int seed, double factor, double startSeconds, TextWriter output)
    {
        InstanceProfile instance = new(
            new InstanceOptions(RunTimes.H200.Times(factor), Batch, Lanes),
            new WindowCutter(LongestWindow, Batch),
            LengthList.Read(LengthList.Bundled),
            seed);
        double capacity = instance.Capacity;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"An instance: {capacity:F0} requests a second, 64 at a time.\n"));
        output.WriteLine("| requests/s at 16:00 | instances | fewest to most | instance-hours | instance s an hour of speech "
            + "| p50 ms | p99 ms | p99.9 ms | refused |");
        output.WriteLine("|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        foreach (int size in new[] { 1, 3, 10, 30, 100, 300, 1000 })
        {
            FleetOptions fleet = Fleet(size);
            Print(size, $"{size}, all day", FleetDay.RunFixed(fleet, size));
            Print(size, Scaled(TargetMs), FleetDay.RunScaled(fleet, Rule(size, TargetMs)));
        }
        const int Example = 100;
        foreach (int instances in new[] { 70, 80, 90, 120 })
            Print(Example, $"{instances}, all day", FleetDay.RunFixed(Fleet(Example), instances));
        foreach (double targetMs in new[] { 0.7, 1, 2, 3, 4, 6 })
            Print(Example, Scaled(targetMs), FleetDay.RunScaled(Fleet(Example), Rule(Example, targetMs)));
        foreach (double start in new[] { 30, 60, 600 })
        {
            FleetResult day = FleetDay.RunScaled(Fleet(Example), Rule(Example, TargetMs) with { StartSeconds = start });
            Print(Example, string.Create(CultureInfo.InvariantCulture, $"{Scaled(TargetMs)}, ready after {start} s"), day);
        }

        FleetOptions Fleet(int size) => new(instance, new DayOfLoad(size * Utilization * capacity, seed), seed);

        AutoscalerOptions Rule(int size, double targetMs) => new(targetMs, (int)Math.Ceiling(1.5 * size)) { StartSeconds = startSeconds };

        static string Scaled(double targetMs) => string.Create(CultureInfo.InvariantCulture, $"by queue time, {targetMs} ms");

        void Print(int size, string rule, FleetResult day) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {size * Utilization * capacity:N0} | {rule} | {day.Fewest} to {day.Most} | {day.InstanceHours:N0} | "
            + $"{day.InstanceSecondsPerSpeechHour:F3} | {Round(day.Times.GetQuantile(0.5))} | {Round(day.Times.GetQuantile(0.99))} | "
            + $"{Round(day.Times.GetQuantile(0.999))} | {day.Refused / day.Offered:P3} |"));
    }

    // As the load generator of tests/triton has them: 48 mels of 300 to 900 frames.
    private static int[] MeasuredLengths(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, 48).Select(_ => random.Next(300, 901))];
    }

    private static string Round(double value) => value.ToString(value >= 100 ? "N0" : "F1", CultureInfo.InvariantCulture);
}
