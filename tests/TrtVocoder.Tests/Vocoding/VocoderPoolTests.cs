using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public sealed class VocoderPoolTests
{
    private const int Frames = 40;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly float[] _mel = Mels.Random(FakeDecoderModel.MelCount * Frames, 1);

    [Test]
    public async Task Many_callers_get_their_own_samples_from_few_sessions()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 16 });
        int inside = 0, most = 0;
        model.DuringRun = () =>
        {
            int now = Interlocked.Increment(ref inside);
            lock (model)
                most = Math.Max(most, now);
            Thread.Yield();
            Interlocked.Decrement(ref inside);
        };
        await using VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 3 });

        await Task.WhenAll(Enumerable.Range(0, 60).Select(async seed =>
        {
            int frames = 20 + seed;
            float[] mel = Mels.Random(FakeDecoderModel.MelCount * frames, seed);
            float[] audio = await pool.DecodeAsync(mel, frames);
            Assert.That(Differences.Largest(audio, model.DecodeWhole(mel, frames)), Is.LessThan(1e-5));
        }));

        Assert.That(most, Is.LessThanOrEqualTo(3));
        Assert.That(model.LiveDecoders, Is.InRange(1, 3));
        Assert.That((pool.RentedSessions, pool.WaitingCallers), Is.EqualTo((0, 0)));
    }

    [Test]
    public void A_warm_pool_has_all_of_its_sessions()
    {
        using FakeDecoderModel model = new(hasCostlyShapes: true);
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 16 });
        using VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 3 });

        pool.WarmUp();

        Assert.That(model.LiveDecoders, Is.EqualTo(3));
        Assert.That(pool.RentedSessions, Is.Zero);
    }

    [Test]
    public async Task A_busy_pool_refuses_who_would_wait_too_long_and_who_comes_too_many()
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        await using VocoderPool pool = new(
            vocoder, new VocoderPoolOptions { Sessions = 1, MaxWaiting = 1, RentTimeout = TimeSpan.FromMilliseconds(300) });
        using VocoderLease lease = await pool.RentAsync();

        Task<VocoderLease> waiting = pool.RentAsync().AsTask();
        TrtVocoderException tooMany = Assert.ThrowsAsync<TrtVocoderException>(async () => await pool.RentAsync())!;
        TrtVocoderException tooLong = Assert.ThrowsAsync<TrtVocoderException>(() => waiting)!;

        Assert.That((tooMany.Kind, tooLong.Kind), Is.EqualTo((FailureKind.PoolBusy, FailureKind.PoolBusy)));
        Assert.That(tooMany.Message, Is.EqualTo("The vocoder is busy: 1 callers wait for a session already."));
        Assert.That(tooLong.Message, Is.EqualTo("The vocoder is busy: no session was free within 0.3 s."));
        Assert.That(pool.WaitingCallers, Is.Zero);
    }

    [Test]
    public async Task Who_waits_can_be_cancelled_and_takes_no_session_along()
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        await using VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 1 });
        VocoderLease lease = await pool.RentAsync();
        using CancellationTokenSource source = new();
        Task<VocoderLease> waiting = pool.RentAsync(source.Token).AsTask();

        source.Cancel();

        Assert.That(Assert.CatchAsync<OperationCanceledException>(() => waiting)!.CancellationToken, Is.EqualTo(source.Token));
        lease.Dispose();
        lease.Dispose();
        using VocoderLease next = await pool.RentAsync().AsTask().WaitAsync(Soon);
        Assert.That(pool.RentedSessions, Is.EqualTo(1), "a lease gives back once");
        Assert.That(() => lease.Session, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_decode_is_cancelled_between_windows_and_its_session_decodes_on()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 16, RunsInFlight = 1 });
        await using VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 1 });
        float[] expected = await pool.DecodeAsync(_mel, Frames);
        int windows = model.Runs.Count;
        model.Runs.Clear();
        using CancellationTokenSource source = new();
        model.DuringRun = source.Cancel;

        Assert.CatchAsync<OperationCanceledException>(() => pool.DecodeAsync(_mel, Frames, source.Token));

        Assert.That(model.Runs, Has.Count.LessThan(windows));
        model.DuringRun = null;
        Assert.That(await pool.DecodeAsync(_mel, Frames), Is.EqualTo(expected));
    }

    [Test]
    public void A_warm_up_is_cancelled_between_windows()
    {
        using FakeDecoderModel model = new(hasCostlyShapes: true, maxFrames: 256);
        using Vocoder vocoder = new(model);
        Assert.That(vocoder.WindowFrames, Has.Count.GreaterThan(1));
        using VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 3 });
        using CancellationTokenSource source = new();
        model.DuringRun = source.Cancel;

        Assert.That(() => pool.WarmUp(source.Token), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(model.Runs, Has.Count.EqualTo(1));
        Assert.That(pool.RentedSessions, Is.Zero);
    }

    [Test]
    public async Task Disposal_lets_decodes_finish_and_refuses_who_waits_and_who_comes()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 1 });
        using ManualResetEventSlim inside = new(), go = new();
        model.DuringRun = () =>
        {
            inside.Set();
            go.Wait(Soon);
        };
        Task<float[]> decode = pool.DecodeAsync(_mel, Frames);
        Assert.That(inside.Wait(Soon));
        Task<VocoderLease> waiting = pool.RentAsync().AsTask();

        Task disposal = pool.DisposeAsync().AsTask();

        Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Soon));
        Assert.ThrowsAsync<ObjectDisposedException>(async () => await pool.RentAsync());
        Assert.That(disposal.IsCompleted, Is.False);
        go.Set();
        Assert.That(await decode.WaitAsync(Soon), Has.Length.EqualTo(vocoder.GetSampleCount(Frames)));
        await disposal.WaitAsync(Soon);
        Assert.That(model.LiveDecoders, Is.Zero);
        pool.Dispose();
    }

    [Test]
    public async Task Random_cancellations_and_disposal_lose_no_session()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 16 });
        VocoderPool pool = new(vocoder, new VocoderPoolOptions { Sessions = 2, RentTimeout = TimeSpan.FromMilliseconds(2) });
        ConcurrentBag<string> unexpected = [];
        Task[] callers = [.. Enumerable.Range(0, 8).Select(seed => Task.Run(async () =>
        {
            Random random = new(seed);
            for (int i = 0; i < 150; i++)
            {
                using CancellationTokenSource source = new();
                if (random.Next(2) == 0)
                    source.CancelAfter(random.Next(3));
                try
                {
                    await pool.DecodeAsync(_mel, Frames, source.Token);
                }
                catch (Exception error) when (error is OperationCanceledException or TrtVocoderException { Kind: FailureKind.PoolBusy })
                {
                }
                catch (Exception error)
                {
                    unexpected.Add(error.ToString());
                }
            }
        }))];
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.That(unexpected, Is.Empty);
        Assert.That((pool.RentedSessions, pool.WaitingCallers), Is.EqualTo((0, 0)));
        Assert.That(await pool.DecodeAsync(_mel, Frames), Has.Length.GreaterThan(0));

        await pool.DisposeAsync().AsTask().WaitAsync(Soon);

        Assert.That(model.LiveDecoders, Is.Zero);
    }

    [Test]
    public void A_mel_is_judged_without_decoding_it()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        float[] damaged = [.. _mel];
        damaged[Frames + 2] = float.PositiveInfinity;

        vocoder.CheckMel(_mel, Frames);

        Assert.That(() => vocoder.CheckMel(damaged, Frames), Throws.TypeOf<DataFormatException>().With.Message.Contains("infinity in band 1, frame 2"));
        Assert.That(() => vocoder.CheckMel(_mel, Frames - 1), Throws.ArgumentException);
        Assert.That(model.LiveDecoders, Is.Zero);
    }

    [Test]
    public async Task A_monitor_sees_decodes_their_parts_and_waits()
    {
        ConcurrentDictionary<string, double> sums = new();
        ConcurrentBag<string> parts = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "TrtVocoder")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            foreach ((string key, object? tag) in tags)
                if (key == "trtvocoder.part")
                    parts.Add((string)tag!);
        });
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        listener.Start();
        ConcurrentBag<Activity> activities = [];
        using ActivityListener traces = new()
        {
            ShouldListenTo = source => source.Name == "TrtVocoder",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(traces);
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        await using (VocoderPool pool = new(vocoder))
        {
            await pool.DecodeAsync(_mel, Frames);
            Assert.That(sums, Does.Not.ContainKey("trtvocoder.decode.first_part.duration"));
            using (VocoderLease lease = await pool.RentAsync())
                lease.Session.Decode(_mel, Frames, _ => { });
            float[] damaged = [.. _mel];
            damaged[3] = float.NaN;
            Assert.ThrowsAsync<DataFormatException>(() => pool.DecodeAsync(damaged, Frames));
        }

        Assert.That(sums["trtvocoder.decode.frames"], Is.EqualTo(2 * Frames), "at once, and part by part");
        Assert.That(sums["trtvocoder.decode.audio"], Is.EqualTo(2 * vocoder.GetSampleCount(Frames) / (double)vocoder.SampleRate).Within(1e-9));
        Assert.That(sums["trtvocoder.decode.duration"], Is.GreaterThan(0));
        Assert.That(sums["trtvocoder.decode.first_part.duration"], Is.GreaterThan(0).And.LessThan(sums["trtvocoder.decode.duration"]));
        Assert.That(sums, Does.ContainKey("trtvocoder.pool.wait.duration"));
        Assert.That(sums["trtvocoder.pool.sessions.rented"], Is.Zero);
        Assert.That(parts, Is.SupersetOf((string[])["enqueue", "compute", "inverse_stft"]));
        Assert.That(activities.Select(activity => activity.Status), Is.EquivalentTo((ActivityStatusCode[])[ActivityStatusCode.Unset, ActivityStatusCode.Unset, ActivityStatusCode.Error]));
        Assert.That(activities.First().GetTagItem("trtvocoder.frames"), Is.EqualTo(Frames));
    }
}
