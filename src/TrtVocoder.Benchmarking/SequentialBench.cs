using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>
/// One decode at a time. In turn: a session that nothing but the caller's clock times, the network alone (host mel to host spectrum), and a
/// session with a profiler, so that the profiler's own cost stays out of the figures that count.
/// </summary>
internal static class SequentialBench
{
    private const int MaxNewLengths = 20;

    /// <summary>The same while every core is busy with something else.</summary>
    public static BenchRun RunBusy(BenchModel model, Workload workload, BenchOptions options, DecodeProfiler profiler)
    {
        using BusyHost busy = new();
        return Run(model, workload, options, profiler) with { Mode = BenchRun.SequentialBusy };
    }

    public static BenchRun Run(BenchModel model, Workload workload, BenchOptions options, DecodeProfiler profiler)
    {
        float[] mel = BenchMel.Make(workload.Batch * model.Vocoder.MelCount * (workload.Longest + MaxNewLengths));
        using BenchSession plain = new(model, workload, mel, null), profiled = new(model, workload, mel, profiler);
        using IDecoder? network = CanRunAlone(model, workload) ? model.Network.CreateDecoder() : null;
        List<DecodeTimes> decodes = new(4096);
        TimedContender audio = new(workload, plain.Decode), parts = new(workload, profiled.Decode, () => decodes.Add(profiler.Last));
        TimedContender? spectrum = network is null ? null : MakeSpectrum(network, model, workload, mel);
        InterleavedRounds.Run(
            spectrum is null ? [audio, parts] : [audio, spectrum, parts],
            options.WarmUp, options.Duration, Math.Max(options.Iterations, workload.IsReplay ? workload.Lengths.Count : 0),
            options.Cancellation);

        List<KeyValuePair<string, BenchSeries>> series = [new(SeriesName.Audio, audio.ToSeries())];
        if (workload.IsReplay)
            series.Add(new(SeriesName.Per256Frames, BenchSeries.Of(audio.Calls.Select(call => call.Per256Frames))));
        if (spectrum is not null)
            series.Add(new(SeriesName.Spectrum, spectrum.ToSeries()));
        // A replay's parts are those of all its calls; a fixed length changes its shape only in the probes below.
        foreach ((DecodePart part, string name) in SeriesName.Parts)
            series.Add(new(name, BenchSeries.Of(decodes.Where(decode => workload.IsReplay || !decode.ChangedShape).Select(decode => decode[part]))));
        List<DecodeTimes> probes = [];
        if (!workload.IsReplay)
            series.Add(new(SeriesName.NewLength, ProbeNewLengths(model, workload, profiled, profiler, options, probes)));
        IEnumerable<DecodeTimes> changes = decodes.Concat(probes).Where(decode => decode.ChangedShape);
        series.Add(new(SeriesName.ShapeChange, BenchSeries.Of(changes.Select(decode => decode.EndToEndMs))));
        double seconds = workload.IsReplay ? audio.Calls.Average(call => model.GetAudioSeconds(call.Frames, workload.Batch)) : model.GetAudioSeconds(workload.Lengths[0], workload.Batch);
        return new BenchRun
        {
            Frames = workload.IsReplay ? null : workload.Lengths[0],
            Lengths = workload.Source,
            Batch = workload.Batch,
            Series = series,
            AudioSeconds = seconds,
            RealTimeFactor = (workload.IsReplay ? series[0].Value.Times.Mean : series[0].Value.Times.Median) / 1000 / seconds,
            ShapeChanges = (workload.IsReplay ? decodes.Count : probes.Count, changes.Count()),
            Covers = decodes.Count == 0 ? null : (decodes.Average(decode => decode.Windows), decodes.Average(decode => decode.ComputedFrames)),
            UsedGraph = decodes.Count == 0 ? null : decodes.All(decode => decode.UsedGraph),
            State = plain.State,
            Calls = audio.Calls,
            Decodes = decodes,
        };
    }

    private static bool CanRunAlone(BenchModel model, Workload workload) =>
        !workload.IsReplay && model.Vocoder.Metadata.Signal == OutputKind.Spectrum && model.TakesWhole(workload.Lengths[0], workload.Batch);

    private static TimedContender MakeSpectrum(IDecoder network, BenchModel model, Workload workload, float[] mel)
    {
        network.PrepareShape(workload.Batch, workload.Lengths[0]);
        return new TimedContender(workload, frames =>
        {
            mel.AsSpan(0, workload.Batch * model.Vocoder.MelCount * frames).CopyTo(network.BeginInput(workload.Batch, frames));
            network.Run();
        });
    }

    /// <summary>Times the first call of lengths that the session has never seen, near the one that is measured.</summary>
    private static BenchSeries ProbeNewLengths(
        BenchModel model, Workload workload, BenchSession session, DecodeProfiler profiler, BenchOptions options, List<DecodeTimes> probes)
    {
        List<double> times = [];
        int usual = workload.Lengths[0];
        for (int i = 1; i <= Math.Min(options.Iterations, MaxNewLengths); i++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            int shorter = usual - i;
            int frames = shorter >= model.Vocoder.Info.MinFrames && model.Vocoder.GetSampleCount(shorter) > 0 ? shorter : usual + i;
            if (frames > usual && usual <= model.Vocoder.Info.MaxFrames && frames > model.Vocoder.Info.MaxFrames)
                break;
            session.Decode(usual);
            long start = Stopwatch.GetTimestamp();
            session.Decode(frames);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            probes.Add(profiler.Last);
        }
        return BenchSeries.Of(times);
    }
}
