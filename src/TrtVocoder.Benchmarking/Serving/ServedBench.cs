using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>A load generator: how long a server takes to answer, and how much it does.</summary>
internal sealed class ServedBench(KServeClient client, ServedModel model, ServedRequests requests, ServedOptions options)
{
    /// <summary>Asks for the shortest and the longest mel, so that what the server refuses is said before anything is measured.</summary>
    /// <exception cref="ServerException">There is no answer, a refusal, or one that is none.</exception>
    public void Check()
    {
        foreach (int frames in (int[])[options.Workload.Lengths.Min(), options.Workload.Longest])
            AskAsync(frames, new Tally(), Stopwatch.GetTimestamp()).GetAwaiter().GetResult();
    }

    /// <summary>Runs one load.</summary>
    public BenchRun Run(ServedLoad load)
    {
        Drive(load, new Tally(), options.WarmUp, least: Math.Max(1, load.Clients));
        ServedStatistics? before = ReadStatistics();
        Tally tally = new();
        options.Judge?.Reset();
        TimeSpan wall = Drive(load, tally, options.Duration, options.Iterations);
        return Describe(load, tally, wall, ReadStatistics() - before);
    }

    /// <summary>Sends requests and waits for all answers.</summary>
    /// <returns>From the first request to the last answer.</returns>
    private TimeSpan Drive(ServedLoad load, Tally tally, TimeSpan duration, int least)
    {
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        List<Task> tasks = [];
        if (load.IsOpen)
            foreach (double arrival in load.PlanArrivals(duration, least))
            {
                long planned = start + (long)(arrival * Stopwatch.Frequency);
                WaitUntil(planned);
                int index = ++next;
                tasks.Add(Task.Run(() => SendAsync(index, planned)));
            }
        else
            for (int i = 0; i < load.Clients; i++)
                tasks.Add(Task.Run(LoopAsync));
        Task.WhenAll(tasks).GetAwaiter().GetResult();
        return Stopwatch.GetElapsedTime(start, Math.Max(start, tally.LastEnd));

        async Task LoopAsync()
        {
            while (Interlocked.Increment(ref next) is int index && (index < least || Stopwatch.GetElapsedTime(start) < duration))
                await SendAsync(index, Stopwatch.GetTimestamp()).ConfigureAwait(false);
        }

        async Task SendAsync(int index, long planned)
        {
            IReadOnlyList<int> lengths = options.Workload.Lengths;
            try
            {
                await AskAsync(lengths[index % lengths.Count], tally, planned).ConfigureAwait(false);
            }
            catch (ServerException error)
            {
                tally.Fail(error);
            }
        }
    }

    /// <summary>One request: the time from when it should have been sent to the last byte of its answer.</summary>
    private async Task AskAsync(int frames, Tally tally, long planned)
    {
        long sent = Stopwatch.GetTimestamp();
        (ReadOnlyMemory<byte> body, long? headerLength) = await client.InferAsync(
            model.Name, requests.MakeContent(frames), requests.GetMaxAnswerBytes(frames), options.Cancellation).ConfigureAwait(false);
        long end = Stopwatch.GetTimestamp();
        ReadOnlyMemory<byte> samples = ServedAnswer.Parse(body, headerLength, model);
        if (FindFault(frames, samples) is { } fault)
            throw new ServerException("wrong answer", $"{client.Name} answered a mel of {frames} frames wrongly: {fault}.");
        tally.Add(new Answer(planned, sent, end, samples.Length / sizeof(float)));
    }

    private string? FindFault(int frames, ReadOnlyMemory<byte> samples)
    {
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(samples.Span);
        return NonFinite.IndexOf(values) is >= 0 and int bad ? $"sample {bad} is {values[bad]}"
            : values.Length % options.Workload.Batch != 0 ? $"{values.Length} samples for {options.Workload.Batch} mels"
            : options.Judge?.FindFault(frames, values);
    }

    private void WaitUntil(long planned)
    {
        while (planned - Stopwatch.GetTimestamp() is > 0 and long ticks)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            // A sleep is late by up to a millisecond; the last one is spent looking at the clock.
            double ms = Math.Min(100, 1000.0 * ticks / Stopwatch.Frequency);
            if (ms > 2)
                Thread.Sleep((int)ms - 1);
            else
                Thread.Yield();
        }
    }

    private ServedStatistics? ReadStatistics() => client.ReadStatisticsAsync(model.Name, options.Cancellation).GetAwaiter().GetResult();

    private BenchRun Describe(ServedLoad load, Tally tally, TimeSpan wall, ServedStatistics? counted)
    {
        List<Answer> answers = [.. tally.Answers];
        List<KeyValuePair<string, BenchSeries>> series = [new(SeriesName.Answer, BenchSeries.Of(answers.Select(answer => answer.Ms)))];
        if (load.IsOpen)
            series.Add(new(SeriesName.Late, BenchSeries.Of(answers.Select(answer => answer.LateMs))));
        double seconds = answers.Sum(answer => (double)answer.Samples) / options.SampleRate;
        return new BenchRun
        {
            Frames = options.Workload.IsReplay ? null : options.Workload.Lengths[0],
            Lengths = options.Workload.Source,
            Batch = options.Workload.Batch,
            Mode = load.Title,
            Series = series,
            AudioSeconds = answers.Count > 0 ? seconds / answers.Count : null,
            RealTimeFactor = answers.Count > 0 ? wall.TotalSeconds / seconds : null,
            Throughput = answers.Count > 0 ? answers.Count * options.Workload.Batch / wall.TotalSeconds : 0,
            Served = new ServedFacts(load, [.. tally.Failures.OrderByDescending(failure => failure.Count)], counted)
            {
                WorstDb = answers.Count > 0 ? options.Judge?.WorstDb : null,
            },
        };
    }

    private readonly record struct Answer(long Planned, long Sent, long End, int Samples)
    {
        public double Ms => Stopwatch.GetElapsedTime(Planned, End).TotalMilliseconds;

        public double LateMs => Stopwatch.GetElapsedTime(Planned, Sent).TotalMilliseconds;
    }

    /// <summary>What came back; many threads add to it.</summary>
    private sealed class Tally
    {
        private readonly ConcurrentDictionary<string, ServedFailure> _failures = new();

        public ConcurrentQueue<Answer> Answers { get; } = new();

        public IEnumerable<ServedFailure> Failures => _failures.Values;

        public long LastEnd => Answers.Select(answer => answer.End).DefaultIfEmpty().Max();

        public void Add(Answer answer) => Answers.Enqueue(answer);

        public void Fail(ServerException error) => _failures.AddOrUpdate(
            error.Category, _ => new ServedFailure(error.Category, 1, error.Message), (_, failure) => failure with { Count = failure.Count + 1 });
    }
}
