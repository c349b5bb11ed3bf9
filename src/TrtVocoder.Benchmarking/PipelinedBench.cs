using System.Diagnostics;

namespace TrtVocoder.Benchmarking;

/// <summary>Several sessions at once, each on a thread of its own, as fast as they go: what counts is the throughput.</summary>
internal static class PipelinedBench
{
    public static BenchRun Run(BenchModel model, Workload workload, BenchOptions options)
    {
        float[] mel = BenchMel.Make(workload.Batch * model.Vocoder.MelCount * workload.Longest);
        List<BenchSession> sessions = [];
        try
        {
            while (sessions.Count < options.Sessions)
                sessions.Add(new BenchSession(model, workload, mel, null));
            // A replay begins elsewhere in the list in each session, so that they do not march in step.
            TimedContender[] contenders = [.. sessions.Select((session, index) => new TimedContender(Rotate(workload, index * workload.Lengths.Count / options.Sessions), session.Decode))];
            TimeSpan wall = Race(contenders, options);
            return Describe(model, workload, options, [.. contenders.SelectMany(contender => contender.Calls)], wall);
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
        }
    }

    private static TimeSpan Race(TimedContender[] contenders, BenchOptions options)
    {
        (long start, long end) = (0, 0);
        Exception? failure = null;
        using Barrier barrier = new(contenders.Length, _ => start = Stopwatch.GetTimestamp());
        Thread[] threads = [.. contenders.Select(contender => new Thread(() => Work(contender)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return Stopwatch.GetElapsedTime(start, end);

        void Work(TimedContender contender)
        {
            try
            {
                Warm(contender);
                barrier.SignalAndWait();
                int least = (options.Iterations + contenders.Length - 1) / contenders.Length;
                while ((contender.Calls.Count < least || Stopwatch.GetElapsedTime(start) < options.Duration) && Volatile.Read(ref failure) is null)
                {
                    options.Cancellation.ThrowIfCancellationRequested();
                    contender.Measure();
                }
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
            }
            finally
            {
                lock (contenders)
                    end = Math.Max(end, Stopwatch.GetTimestamp());
            }
        }

        // Whatever goes wrong must not leave the others waiting at the barrier.
        void Warm(TimedContender contender)
        {
            try
            {
                long from = Stopwatch.GetTimestamp();
                do
                {
                    options.Cancellation.ThrowIfCancellationRequested();
                    contender.Next();
                }
                while (Stopwatch.GetElapsedTime(from) < options.WarmUp);
            }
            catch
            {
                barrier.RemoveParticipant();
                throw;
            }
        }
    }

    private static BenchRun Describe(BenchModel model, Workload workload, BenchOptions options, List<TimedCall> calls, TimeSpan wall)
    {
        List<KeyValuePair<string, BenchSeries>> series = [new(SeriesName.Audio, BenchSeries.Of(calls.Select(call => call.Ms)))];
        if (workload.IsReplay)
            series.Add(new(SeriesName.Per256Frames, BenchSeries.Of(calls.Select(call => call.Per256Frames))));
        double seconds = calls.Sum(call => model.GetAudioSeconds(call.Frames, workload.Batch));
        return new BenchRun
        {
            Frames = workload.IsReplay ? null : workload.Lengths[0],
            Lengths = workload.Source,
            Batch = workload.Batch,
            Mode = BenchRun.Pipelined,
            Sessions = options.Sessions,
            Series = series,
            AudioSeconds = seconds / calls.Count,
            RealTimeFactor = wall.TotalSeconds / seconds,
            Throughput = calls.Count * workload.Batch / wall.TotalSeconds,
            Calls = calls,
        };
    }

    private static Workload Rotate(Workload workload, int by) => workload with { Lengths = [.. workload.Lengths.Skip(by), .. workload.Lengths.Take(by)] };
}
