using System.Diagnostics;
using System.Diagnostics.Metrics;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The meter and the activity source that monitors listen to by the name <c>TrtVocoder</c>; docs/hosts.md lists them. What nobody listens to
/// costs a comparison.
/// </summary>
internal static class VocoderTelemetry
{
    public const string Name = "TrtVocoder";

    private const string Backend = "trtvocoder.backend";
    private const string Part = "trtvocoder.part";
    private const string ErrorType = "error.type";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = MakeMeter();

    private static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("trtvocoder.decode.duration", "s", "From the call of a decode to its samples, failed ones included.");

    private static readonly Histogram<double> FirstPart = Meter.CreateHistogram<double>(
        "trtvocoder.decode.first_part.duration", "s", "From the call of a decode part by part to its first samples.");

    private static readonly Counter<long> Frames = Meter.CreateCounter<long>("trtvocoder.decode.frames", "{frame}", "Mel frames decoded.");

    private static readonly Counter<double> Audio = Meter.CreateCounter<double>("trtvocoder.decode.audio", "s", "Speech put out.");

    private static readonly Histogram<double> PartDuration = Meter.CreateHistogram<double>(
        "trtvocoder.decode.part.duration", "s", "One part of a decode; of sessions made while somebody listened.");

    private static readonly Counter<long> ShapesSet = Meter.CreateCounter<long>(
        "trtvocoder.decode.shapes_set", "{decode}",
        "Decodes that paid for a new shape; of sessions made while somebody listened to parts.");

    private static readonly Histogram<double> Wait =
        Meter.CreateHistogram<double>("trtvocoder.pool.wait.duration", "s", "From the call to the session.");

    private static readonly UpDownCounter<long> Rented =
        Meter.CreateUpDownCounter<long>("trtvocoder.pool.sessions.rented", "{session}", "Sessions at work.");

    private static readonly Histogram<double> RequestDuration = Meter.CreateHistogram<double>(
        "trtvocoder.scheduler.request.duration", "s", "From the submission of a request to its last samples, failed ones included.");

    private static readonly UpDownCounter<long> Queued =
        Meter.CreateUpDownCounter<long>("trtvocoder.scheduler.windows.queued", "{window}", "Windows that wait for a run.");

    private static readonly Histogram<double> BatchFill = Meter.CreateHistogram<double>(
        "trtvocoder.scheduler.batch.fill", "1", "Windows of a run, as a share of the most that it may have.");

    private static readonly (DecodePart Part, string Name)[] Parts =
    [
        (DecodePart.Enqueue, "enqueue"), (DecodePart.HostToDevice, "host_to_device"), (DecodePart.Compute, "compute"),
        (DecodePart.DeviceToHost, "device_to_host"), (DecodePart.ShapeSet, "shape_set"), (DecodePart.InverseStft, "inverse_stft"),
    ];

    /// <summary>Whether anybody listens to the parts of decodes, which a session must measure for.</summary>
    public static bool WantsParts => PartDuration.Enabled;

    private static bool WantsDecodes => Duration.Enabled || FirstPart.Enabled || Frames.Enabled || Audio.Enabled || PartDuration.Enabled;

    /// <summary>Begins to measure a decode; where nobody listens, nothing is measured.</summary>
    public static DecodeMeasurement BeginDecode(DecoderInfo info, int batch, int frames)
    {
        // Asked first: without listeners StartActivity gives null too, and may allocate on its way.
        Activity? activity = Source.HasListeners() ? Source.StartActivity("trtvocoder.decode") : null;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(Backend, info.Backend);
            activity.SetTag("trtvocoder.batch", batch);
            activity.SetTag("trtvocoder.frames", frames);
        }
        return activity is null && !WantsDecodes ? default : new DecodeMeasurement(activity, info, batch, frames);
    }

    /// <summary>Tells of a decode that ended, by an exception or not.</summary>
    public static void EndDecode(
        Activity? activity, TimeSpan time, DecoderInfo info, int batch, int frames, int samples, DecodeTimes? parts, Exception? error)
    {
        TagList tags = new() { { Backend, info.Backend } };
        if (error is not null)
        {
            tags.Add(ErrorType, error.GetType().FullName);
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
        }
        Duration.Record(time.TotalSeconds, tags);
        if (error is not null)
            return;
        Frames.Add((long)batch * frames, tags);
        Audio.Add((double)batch * samples / info.Metadata.SampleRate, tags);
        if (parts is not { } decode)
            return;
        foreach ((DecodePart part, string name) in Parts)
            PartDuration.Record(decode[part] / 1000, new TagList { { Backend, info.Backend }, { Part, name } });
        if (decode.ChangedShape)
            ShapesSet.Add(1, tags);
    }

    /// <summary>Tells how long the first samples of a decode part by part took.</summary>
    public static void AddFirstPart(TimeSpan time, DecoderInfo info) =>
        FirstPart.Record(time.TotalSeconds, new TagList { { Backend, info.Backend } });

    /// <summary>Tells how long a caller waited for a session.</summary>
    public static void AddWait(TimeSpan time, DecoderInfo info) =>
        Wait.Record(time.TotalSeconds, new TagList { { Backend, info.Backend } });

    /// <summary>Tells of a session rented (1) or given back (−1).</summary>
    public static void AddRented(int count, DecoderInfo info) => Rented.Add(count, new TagList { { Backend, info.Backend } });

    /// <summary>Tells of windows that wait from now on, or (negative) no longer.</summary>
    public static void AddQueued(int windows, DecoderInfo info) => Queued.Add(windows, new TagList { { Backend, info.Backend } });

    /// <summary>Tells how full a run is.</summary>
    public static void AddBatch(double fill, DecoderInfo info) => BatchFill.Record(fill, new TagList { { Backend, info.Backend } });

    /// <summary>Tells of a request of a scheduler that ended, by an exception or not.</summary>
    public static void EndRequest(TimeSpan time, DecoderInfo info, int frames, int samples, Exception? error)
    {
        TagList tags = new() { { Backend, info.Backend } };
        if (error is not null)
            tags.Add(ErrorType, error.GetType().FullName);
        RequestDuration.Record(time.TotalSeconds, tags);
        if (error is not null)
            return;
        Frames.Add(frames, tags);
        Audio.Add((double)samples / info.Metadata.SampleRate, tags);
    }

    // The framework lists both for as long as they are not disposed.
    private static Meter MakeMeter()
    {
        PluginUnload.Add(() =>
        {
            Source.Dispose();
            Meter.Dispose();
        });
        return new Meter(Name);
    }
}
