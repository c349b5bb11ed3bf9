using System.Diagnostics.Metrics;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public sealed class VocoderSchedulerTests
{
    private const int Window = 24;
    private const int LostContext = 700;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly VocoderSchedulerOptions Packed = new() { Batch = 4, WindowFrames = Window, Lanes = 1 };

    [Test]
    public void Requests_of_any_lengths_from_many_threads_get_what_a_session_gives_each_exactly_once(
        [Values] OutputKind signal, [Values] StftPadding padding, [Values] bool hasCostlyShapes)
    {
        const int Threads = 6, RequestsEach = 25, MostFrames = 2000;
        using FakeDecoderModel model = new(signal, padding, hasCostlyShapes: hasCostlyShapes, maxBatch: hasCostlyShapes ? 8 : int.MaxValue);
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, new VocoderSchedulerOptions { Batch = 5, WindowFrames = 128, Lanes = 3 });
        (CountedRequest Request, bool IsCancelled)[][] all = new (CountedRequest, bool)[Threads][];

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            Random random = new(thread);
            all[thread] = [.. Enumerable.Range(0, RequestsEach).Select(_ =>
            {
                // Short ones as often as long ones.
                int frames = random.Next(random.Next(2) == 0 ? 40 : MostFrames + 1);
                CountedRequest request = new(
                    Mels.Random(FakeDecoderModel.MelCount * frames, random.Next()), frames, vocoder.GetSampleCount(frames));
                long ticket = scheduler.Submit(request);
                bool isCancelled = random.Next(4) == 0;
                if (isCancelled)
                {
                    Thread.Sleep(random.Next(3));
                    scheduler.Cancel(ticket);
                }
                return (request, isCancelled);
            })];
        });

        using VocoderSession session = vocoder.CreateSession();
        foreach ((CountedRequest request, bool isCancelled) in all.SelectMany(each => each))
        {
            request.Await();
            Assert.That((request.Ends, request.Disorder), Is.EqualTo((1, "")));
            Assert.That(request.Ending, isCancelled ? Is.Null.Or.InstanceOf<OperationCanceledException>() : Is.Null);
            float[] expected = new float[vocoder.GetSampleCount(request.Frames)];
            session.Decode(request.Mel.Span, request.Frames, expected);
            ReadOnlySpan<float> got = request.Samples;
            Assert.That(Differences.Largest(got, expected.AsSpan(0, got.Length)), Is.LessThan(1e-5), $"{request.Frames} frames");
        }
        SchedulerStatistics end = scheduler.Statistics;
        Assert.That((end.QueuedWindows, end.RunningWindows, end.OpenRequests), Is.EqualTo((0, 0, 0)));
        Assert.That(end.RequestsSubmitted, Is.EqualTo(Threads * RequestsEach));
        Assert.That(end.RequestsCompleted + end.RequestsCancelled, Is.EqualTo(end.RequestsSubmitted));
        Assert.That(end.RequestsCancelled, Is.GreaterThan(0));
        Assert.That(end.FramesAsked, Is.EqualTo(all.SelectMany(each => each).Sum(each => (long)each.Request.Frames)));
    }

    [Test]
    public void Windows_of_different_requests_fill_runs_and_the_fill_is_counted()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();

        CountedRequest[] others = [.. Enumerable.Range(0, 9).Select(seed => Submit(scheduler, Window, seed))];
        Assert.That(scheduler.Statistics, Has.Property(nameof(SchedulerStatistics.QueuedWindows)).EqualTo(9)
            .And.Property(nameof(SchedulerStatistics.RunningWindows)).EqualTo(1));
        held.Release();
        AssertRight(model, [first, .. others]);

        Assert.That(model.Runs, Is.EqualTo(new[] { (1, Window), (4, Window), (4, Window), (1, Window) }));
        SchedulerStatistics end = scheduler.Statistics;
        Assert.That((end.BatchesRun, end.WindowsRun, end.SlotsOffered), Is.EqualTo((4, 10, 16)));
        Assert.That(end.BatchFill, Is.EqualTo(10 / 16.0));
        Assert.That((end.FramesRun, end.FramesAsked), Is.EqualTo((10 * Window, 10 * Window)));
    }

    [Test]
    public void A_request_is_told_when_a_run_begins_that_has_its_first_window_and_only_then()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest[] others = [Submit(scheduler, Window), Submit(scheduler, 12 * Window, 2)];
        CountedRequest cancelled = Submit(scheduler, Window, 3);
        scheduler.Cancel(cancelled.Ticket);
        Assert.That((first.Begins, others[0].Begins, others[1].Begins), Is.EqualTo((1, 0, 0)));

        held.Release();
        AssertRight(model, [first, .. others]);
        cancelled.Await();

        Assert.That((first.Begins, others[0].Begins, others[1].Begins, cancelled.Begins), Is.EqualTo((1, 1, 1, 0)));
        Assert.That(others[1].Windows, Has.Count.GreaterThan(4));
    }

    [Test]
    public void Where_shapes_are_costly_runs_have_few_sizes_all_of_which_a_warm_up_makes_ready()
    {
        using FakeDecoderModel model = new(hasCostlyShapes: true, maxBatch: 6, maxFrames: 128);
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, new VocoderSchedulerOptions { Lanes = 1 });
        scheduler.WarmUp();
        (int Items, int Frames)[] ready = [.. model.Runs];
        model.Runs.Clear();

        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, 64);
        held.AwaitRun();
        CountedRequest[] others = [.. Enumerable.Range(0, 40).Select(seed => Submit(scheduler, 64 + (31 * seed % 300), seed))];
        held.Release();
        AssertRight(model, [first, .. others]);

        Assert.That(ready.Select(shape => shape.Items).Distinct(), Is.EquivalentTo([1, 2, 4, 6]));
        Assert.That(ready.Select(shape => shape.Frames).Distinct(), Is.EquivalentTo(scheduler.WindowFrames));
        Assert.That(model.Runs.Distinct(), Is.SubsetOf(ready));
        Assert.That(scheduler.Batch, Is.EqualTo(6));
        Assert.That(scheduler.Statistics.FramesRun, Is.EqualTo(model.Runs.Sum(run => (long)run.Batch * run.Frames)));
    }

    [Test]
    public void A_mel_with_NaN_is_refused_at_once_and_costs_nobody_anything()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 30);
        mel[35] = float.NaN;

        DataFormatException refusal = Assert.ThrowsAsync<DataFormatException>(() => scheduler.DecodeAsync(mel, 30))!;

        Assert.That(refusal.Message, Is.EqualTo("The mel holds NaN in band 1, frame 5; log-mel amplitudes are finite numbers."));
        Assert.ThrowsAsync<ArgumentException>(() => scheduler.DecodeAsync(mel, 29));
        Assert.That(scheduler.Statistics, Is.EqualTo(new SchedulerStatistics()));
    }

    [Test]
    public void Output_that_is_not_finite_fails_its_own_request_and_no_other_of_the_run([Values] OutputKind signal)
    {
        using FakeDecoderModel model = new(signal);
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest before = Submit(scheduler, Window, 2);
        // Finite, and too large for the network.
        CountedRequest bad = new([.. Mels.Random(FakeDecoderModel.MelCount * Window).Select(value => value > 0 ? 3.4e38f : -3.4e38f)],
            Window, vocoder.GetSampleCount(Window));
        scheduler.Submit(bad);
        CountedRequest after = Submit(scheduler, Window, 3);

        held.Release();

        AssertRight(model, first, before, after);
        Assert.That(model.Runs[1], Is.EqualTo((3, Window)), "they shared a run");
        Assert.That(bad.Await().Ending, Is.TypeOf<TrtVocoderException>().With.Property("Kind").EqualTo(FailureKind.NonFiniteOutput));
        Assert.That((scheduler.Statistics.RequestsFailed, scheduler.Statistics.RequestsCompleted), Is.EqualTo((1, 3)));
    }

    [Test]
    public void A_run_that_fails_fails_its_requests_with_the_sentence_and_later_ones_go_on()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest[] failing = [.. Enumerable.Range(0, 3).Select(seed => Submit(scheduler, Window, seed)), Submit(scheduler, 200)];
        int runs = 0;
        model.DuringRun = () =>
        {
            if (Interlocked.Increment(ref runs) == 1)
                throw new TrtVocoderException("The second run failed.");
        };

        held.Release();

        AssertRight(model, first);
        foreach (CountedRequest request in failing)
        {
            Assert.That(request.Await().Ending?.Message, Is.EqualTo("The second run failed."));
            Assert.That((request.Ends, request.Disorder), Is.EqualTo((1, "")));
        }
        AssertRight(model, Submit(scheduler, 200, 5));
        Assert.That((scheduler.Statistics.RequestsFailed, scheduler.Statistics.QueuedWindows), Is.EqualTo((4, 0)));
    }

    [Test]
    public void A_lost_context_fails_all_that_wait_and_all_that_follow_at_once()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model, () => throw new CudaException("cuStreamSynchronize", LostContext, "CUDA_ERROR_ILLEGAL_ADDRESS", "The context is lost.") { Kind = FailureKind.ContextLost });
        CountedRequest running = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest[] waiting = [.. Enumerable.Range(0, 20).Select(seed => Submit(scheduler, 100, seed))];

        held.Release();

        foreach (CountedRequest request in (CountedRequest[])[running, .. waiting])
            Assert.That(request.Await().Ending, Is.TypeOf<CudaException>().With.Message.EqualTo("The context is lost."));
        Assert.That(() => Submit(scheduler, Window), Throws.TypeOf<CudaException>().With.Property("Code").EqualTo(LostContext));
        Assert.That(() => scheduler.WaitForRoom(1, Soon), Throws.TypeOf<CudaException>());
        Assert.That(scheduler.Statistics, Has.Property(nameof(SchedulerStatistics.BatchesRun)).EqualTo(1)
            .And.Property(nameof(SchedulerStatistics.OpenRequests)).EqualTo(0));
    }

    [Test]
    public void A_cancelled_request_frees_its_windows_at_once_and_ends_when_its_run_does()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest running = Submit(scheduler, 2000);
        held.AwaitRun();
        CountedRequest waiting = Submit(scheduler, 2000, 2);
        CountedRequest other = Submit(scheduler, 50, 3);

        scheduler.Cancel(running.Ticket);
        scheduler.Cancel(waiting.Ticket);

        Assert.That(scheduler.Statistics.QueuedWindows, Is.EqualTo(scheduler.GetWindowCount(50)));
        Assert.That((running.Ends, waiting.Ends), Is.EqualTo((0, 0)), "a lane tells of the end");
        held.Release();
        Assert.That(running.Await().Ending, Is.InstanceOf<OperationCanceledException>());
        Assert.That(waiting.Await().Ending, Is.InstanceOf<OperationCanceledException>());
        AssertRight(model, other);
        scheduler.Cancel(running.Ticket);
        scheduler.Cancel(other.Ticket);
        Assert.That(() => scheduler.Cancel(4), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => scheduler.Cancel(0), Throws.InstanceOf<ArgumentException>());
        Assert.That((running.Ends, waiting.Ends, other.Ends), Is.EqualTo((1, 1, 1)));
        Assert.That((scheduler.Statistics.RequestsCancelled, scheduler.Statistics.RequestsCompleted), Is.EqualTo((2, 1)));
    }

    [Test]
    public async Task A_task_is_cancelled_by_its_token()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        using CancellationTokenSource source = new();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 300);
        Task<float[]> decode = scheduler.DecodeAsync(mel, 300, source.Token);
        held.AwaitRun();

        source.Cancel();
        held.Release();

        Assert.That(Assert.CatchAsync<OperationCanceledException>(() => decode.WaitAsync(Soon))!.CancellationToken, Is.EqualTo(source.Token));
        Assert.CatchAsync<OperationCanceledException>(() => scheduler.DecodeAsync(mel, 300, source.Token));
        Assert.That(await scheduler.DecodeAsync(mel, 300).WaitAsync(Soon), Has.Length.EqualTo(vocoder.GetSampleCount(300)));
    }

    [Test]
    public void Beyond_the_bound_requests_are_refused_until_there_is_room()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed with { MaxQueuedWindows = 10 });
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest large = Submit(scheduler, 2000);
        Assert.That(scheduler.Statistics.QueuedWindows, Is.GreaterThan(10), "whoever finds nobody waiting is accepted");

        Assert.That(() => Submit(scheduler, Window), Throws.TypeOf<TrtVocoderException>().With.Property("Kind").EqualTo(FailureKind.PoolBusy)
            .And.Message.EqualTo($"The vocoder is busy: {scheduler.Statistics.QueuedWindows} windows wait already, of at most 10."));
        Assert.That(() => scheduler.WaitForRoom(1, TimeSpan.FromMilliseconds(20)), Throws.TypeOf<TrtVocoderException>().With.Property("Kind").EqualTo(FailureKind.PoolBusy));
        Task room = Task.Run(() => scheduler.WaitForRoom(5, Timeout.InfiniteTimeSpan));
        held.Release();

        Assert.That(room.Wait(Soon));
        AssertRight(model, first, large, Submit(scheduler, Window));
        Assert.That(scheduler.Statistics.RequestsRefused, Is.EqualTo(1));
    }

    [Test]
    public void A_long_request_takes_turns_with_those_behind_it()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest first = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest large = Submit(scheduler, 2000);
        // Of its own length, so that it shares no run.
        CountedRequest small = Submit(scheduler, 9);
        int runs = 0;
        // The long one's second run ends only after the short one's answer.
        model.DuringRun = () =>
        {
            if (++runs == 3)
                small.Await();
        };

        held.Release();
        AssertRight(model, first, large, small);

        Assert.That(model.Runs[1..3], Is.EqualTo(new[] { (4, Window), (1, 9) }));
        Assert.That(scheduler.GetWindowCount(2000), Is.GreaterThan(40));
        Assert.That(runs, Is.GreaterThan(3));
    }

    [Test]
    public async Task Parts_come_as_soon_as_they_are_ready_and_make_the_whole([Values] OutputKind signal)
    {
        using FakeDecoderModel model = new(signal);
        using Vocoder vocoder = new(model);
        await using VocoderScheduler scheduler = new(vocoder, new VocoderSchedulerOptions { Batch = 1, WindowFrames = Window, Lanes = 1 });
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 300);
        List<float> audio = [];
        List<int> runsAtPart = [];

        int samples = await scheduler.DecodeAsync(mel, 300, part =>
        {
            audio.AddRange(part);
            runsAtPart.Add(model.Runs.Count);
        });

        Assert.That(samples, Is.EqualTo(vocoder.GetSampleCount(300)));
        Assert.That(audio, Has.Count.EqualTo(samples));
        Assert.That(Differences.Largest(audio.ToArray(), model.DecodeWhole(mel, 300)), Is.LessThan(1e-5));
        Assert.That(runsAtPart, Is.EqualTo(Enumerable.Range(1, scheduler.GetWindowCount(300))));
    }

    [Test]
    public async Task What_a_callback_throws_ends_its_own_request()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        await using VocoderScheduler scheduler = new(vocoder, Packed);
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 300);
        int last = vocoder.GetSampleCount(10);

        Assert.ThrowsAsync<FormatException>(() => scheduler.DecodeAsync(mel, 300, _ => throw new FormatException()).WaitAsync(Soon));
        Assert.ThrowsAsync<FormatException>(
            () => scheduler.DecodeAsync(mel.AsMemory(0, FakeDecoderModel.MelCount * 10), 10, _ => throw new FormatException()).WaitAsync(Soon), "in the last part");
        Assert.ThrowsAsync<InvalidOperationException>(() => scheduler.DecodeAsync(mel, 300, _ => scheduler.Dispose()).WaitAsync(Soon));

        Assert.That(await scheduler.DecodeAsync(mel.AsMemory(0, FakeDecoderModel.MelCount * 10), 10), Has.Length.EqualTo(last));
    }

    [Test]
    public async Task Disposal_ends_who_waits_lets_finish_what_runs_and_frees_everything()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        VocoderScheduler scheduler = new(vocoder, Packed);
        using HeldRun held = new(model);
        CountedRequest running = Submit(scheduler, Window);
        held.AwaitRun();
        CountedRequest[] waiting = [.. Enumerable.Range(0, 10).Select(seed => Submit(scheduler, 100, seed))];

        Task disposal = scheduler.DisposeAsync().AsTask();

        Assert.That(() => Submit(scheduler, Window), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => scheduler.WarmUp(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(disposal.IsCompleted, Is.False);
        held.Release();
        await disposal.WaitAsync(Soon);
        AssertRight(model, running);
        foreach (CountedRequest request in waiting)
        {
            Assert.That(request.Ends, Is.EqualTo(1));
            Assert.That(request.Ending, Is.InstanceOf<OperationCanceledException>());
        }
        Assert.That((model.LiveDecoders, scheduler.Statistics.OpenRequests), Is.EqualTo((0, 0)));
        scheduler.Dispose();
    }

    [Test]
    public async Task Disposal_waits_for_the_last_callback()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        VocoderScheduler scheduler = new(vocoder, Packed);
        using ManualResetEventSlim inside = new(), go = new();
        CountedRequest request = new([], 0, 0)
        {
            OnEnd = () =>
            {
                inside.Set();
                go.Wait(Soon);
            },
        };
        scheduler.Submit(request);
        Assert.That(inside.Wait(Soon));

        Task disposal = Task.Run(scheduler.Dispose);

        Assert.That(disposal.Wait(TimeSpan.FromMilliseconds(50)), Is.False);
        Assert.That(model.LiveDecoders, Is.EqualTo(1));
        go.Set();
        await disposal.WaitAsync(Soon);
        Assert.That((request.Ends, model.LiveDecoders), Is.EqualTo((1, 0)));
    }

    [Test]
    public void Disposal_under_load_loses_no_request()
    {
        for (int round = 0; round < 20; round++)
        {
            using FakeDecoderModel model = new();
            using Vocoder vocoder = new(model);
            VocoderScheduler scheduler = new(vocoder, Packed with { Lanes = 3 });
            List<CountedRequest> accepted = [];
            using ManualResetEventSlim some = new();
            Thread[] callers = [.. Enumerable.Range(0, 4).Select(seed => new Thread(() =>
            {
                try
                {
                    for (int i = 0; i < 10_000; i++)
                    {
                        scheduler.WaitForRoom(100, Timeout.InfiniteTimeSpan);
                        CountedRequest request = Submit(scheduler, 5 + (i * 7 % 120), seed);
                        lock (accepted)
                            accepted.Add(request);
                        some.Set();
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            }))];
            Array.ForEach(callers, caller => caller.Start());
            Assert.That(some.Wait(Soon));

            scheduler.Dispose();

            foreach (CountedRequest request in accepted.ToArray())
                Assert.That(request.Ends, Is.EqualTo(1), "ended before the disposal did");
            Array.ForEach(callers, caller => caller.Join());
            Assert.That(model.LiveDecoders, Is.Zero);
        }
    }

    [Test]
    public async Task A_warm_up_beside_requests_waits_for_each_lane_in_turn()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        await using VocoderScheduler scheduler = new(vocoder, Packed with { Lanes = 2 });
        CountedRequest[] requests = [.. Enumerable.Range(0, 50).Select(seed => Submit(scheduler, 200, seed))];

        await Task.WhenAll(Task.Run(() => scheduler.WarmUp()), Task.Run(() => scheduler.WarmUp())).WaitAsync(Soon);

        AssertRight(model, requests);
    }

    [Test]
    public async Task A_model_whose_batches_are_not_what_their_items_are_alone_gets_no_batches()
    {
        using FakeDecoderModel model = new(isForeign: true, receptiveField: null) { SpoilsBatches = true };
        using Vocoder vocoder = new(model);
        await using VocoderScheduler scheduler = new(vocoder, Packed);

        Assert.That(scheduler.Batch, Is.EqualTo(1));
        AssertRight(model, [.. Enumerable.Range(0, 8).Select(seed => Submit(scheduler, 50 + seed, seed))]);
    }

    [Test]
    public void Windows_that_do_not_suit_the_model_are_refused_with_the_reason()
    {
        using Vocoder vocoder = new(new FakeDecoderModel(maxFrames: 100));

        Assert.That(() => new VocoderScheduler(vocoder, new VocoderSchedulerOptions { WindowFrames = 5 }),
            Throws.TypeOf<TrtVocoderException>().With.Property("Kind").EqualTo(FailureKind.OptionsDoNotFit)
                .And.Message.EqualTo("A window of 5 frames is too short: exact windows of this model have at least 7."));
    }

    [Test]
    public async Task Mels_that_must_fit_one_run_are_refused_where_they_do_not()
    {
        using FakeDecoderModel model = new(maxFrames: 5);
        using Vocoder vocoder = new(model);
        await using VocoderScheduler scheduler = new(vocoder);

        AssertRight(model, Submit(scheduler, 5));
        Assert.That(() => Submit(scheduler, 6), Throws.TypeOf<DataFormatException>());
    }

    [Test]
    public void Requests_leave_no_memory_behind()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderScheduler scheduler = new(vocoder, Packed);
        long before = AfterRequests(300);

        long after = AfterRequests(3000);

        // A request's mel and samples are more than that by far.
        Assert.That(after - before, Is.LessThan(2700 * 100));

        long AfterRequests(int count)
        {
            for (int i = 0; i < count; i++)
            {
                CountedRequest request = Submit(scheduler, 1 + (i % 60), i);
                if (i % 5 == 0)
                    scheduler.Cancel(request.Ticket);
                request.Await();
            }
            model.Runs.Clear();
            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }

    [Test]
    public async Task A_monitor_sees_the_queue_the_fill_and_the_requests()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        Dictionary<string, List<double>> seen = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "TrtVocoder" && instrument.Name.StartsWith("trtvocoder.scheduler.", StringComparison.Ordinal))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Note(instrument.Name, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Note(instrument.Name, value));
        listener.Start();

        await using (VocoderScheduler scheduler = new(vocoder, Packed))
            await scheduler.DecodeAsync(Mels.Random(FakeDecoderModel.MelCount * 42), 42);

        Assert.That(seen["trtvocoder.scheduler.windows.queued"], Is.EqualTo(new[] { 2.0, -2 }));
        Assert.That(seen["trtvocoder.scheduler.batch.fill"], Is.EqualTo(new[] { 0.5 }));
        Assert.That(seen["trtvocoder.scheduler.request.duration"], Has.Count.EqualTo(1));

        void Note(string name, double value)
        {
            lock (seen)
            {
                if (!seen.TryGetValue(name, out List<double>? values))
                    seen[name] = values = [];
                values.Add(value);
            }
        }
    }

    private static CountedRequest Submit(VocoderScheduler scheduler, int frames, int seed = 1)
    {
        CountedRequest request = new(
            Mels.Random(FakeDecoderModel.MelCount * frames, seed), frames, scheduler.Vocoder.GetSampleCount(frames));
        scheduler.Submit(request);
        return request;
    }

    private static void AssertRight(FakeDecoderModel model, params IEnumerable<CountedRequest> requests)
    {
        foreach (CountedRequest request in requests)
        {
            request.Await();
            Assert.That((request.Ends, request.Disorder, request.Ending), Is.EqualTo((1, "", (Exception?)null)));
            Assert.That(Differences.Largest(request.Samples, model.DecodeWhole(request.Mel.Span, request.Frames)), Is.LessThan(1e-5));
        }
    }

    /// <summary>Holds the next run of a model until it is released.</summary>
    private sealed class HeldRun : IDisposable
    {
        private readonly ManualResetEventSlim _begun = new();
        private readonly ManualResetEventSlim _released = new();

        public HeldRun(FakeDecoderModel model, Action? afterwards = null) => model.DuringRun = () =>
        {
            if (_begun.IsSet)
                return;
            _begun.Set();
            _released.Wait(Soon);
            afterwards?.Invoke();
        };

        public void AwaitRun() => Assert.That(_begun.Wait(Soon), "no run began");

        public void Release() => _released.Set();

        // A run may still be on its way out.
        public void Dispose() => Release();
    }
}
