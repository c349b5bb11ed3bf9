using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;
using TrtVocoder.TestSupport;
using TrtVocoder.Tests.Internal;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public class VocoderSessionTests
{
    private const float Tolerance = 1e-5f;

    private static readonly (OutputKind Signal, StftPadding Padding, SpectrumLayout Layout, int Hop)[] Kinds =
    [
        (OutputKind.Spectrum, StftPadding.Center, SpectrumLayout.BinsMajor, 4),
        (OutputKind.Spectrum, StftPadding.Center, SpectrumLayout.FrameMajor, 4),
        (OutputKind.Spectrum, StftPadding.Same, SpectrumLayout.BinsMajor, 4),
        (OutputKind.Waveform, StftPadding.Center, SpectrumLayout.BinsMajor, 4),
        (OutputKind.Waveform, StftPadding.Same, SpectrumLayout.BinsMajor, 4),
        (OutputKind.Waveform, StftPadding.Center, SpectrumLayout.BinsMajor, 6),
        (OutputKind.Waveform, StftPadding.Same, SpectrumLayout.BinsMajor, 8),
    ];

    [Test]
    public void Any_length_decoded_in_chunks_of_any_length_equals_the_whole_decode()
    {
        Gen<(int, int, int, int)> cases =
            from kind in Gen.Choose(0, Kinds.Length - 1)
            from frames in Gen.Choose(2, 120)
            from window in Gen.Choose(11, 60)
            from seed in Gen.Choose(0, 1000)
            select (kind, frames, window, seed);
        Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int kind, int frames, int window, int seed) = value;
            using FakeDecoderModel model = Make(kind);
            using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = window });
            using VocoderSession session = vocoder.CreateSession();
            float[] mel = Mels.Random(FakeDecoderModel.MelCount * frames, seed);
            float[] audio = new float[vocoder.GetSampleCount(frames)];

            session.Decode(mel, frames, audio);

            double error = Differences.Largest(audio, model.DecodeWhole(mel, frames));
            bool oneShape = model.Runs.All(run => run == model.Runs[0]) && model.Runs[0].Frames <= Math.Min(window, frames);
            return (error <= Tolerance && oneShape).Label($"{Kinds[kind]}: error {error}, runs {string.Join(" ", model.Runs)}");
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Any_batch_equals_its_items_decoded_alone()
    {
        Gen<(int, int, int, int)> cases =
            from kind in Gen.Choose(0, Kinds.Length - 1)
            from frames in Gen.Choose(1, 60)
            from batch in Gen.Choose(1, 7)
            from maxBatch in Gen.Elements(1, 2, 4, int.MaxValue)
            select (kind, frames, batch, maxBatch);
        Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int kind, int frames, int batch, int maxBatch) = value;
            using FakeDecoderModel model = Make(kind, maxBatch);
            using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 24 });
            using VocoderSession session = vocoder.CreateSession();
            int melSize = FakeDecoderModel.MelCount * frames;
            float[] mel = Mels.Random(batch * melSize, batch);
            float[] audio = new float[batch * vocoder.GetSampleCount(frames)];

            int samples = session.DecodeBatch(mel, batch, frames, audio);

            double error = 0;
            for (int item = 0; item < batch && samples > 0; item++)
                error = Math.Max(error, Differences.Largest(audio.AsSpan(item * samples, samples), model.DecodeWhole(mel.AsSpan(item * melSize, melSize), frames)));
            bool withinLimits = model.Runs.All(run => run.Batch <= maxBatch && (maxBatch != int.MaxValue || run.Batch == 1 || run.Batch * run.Frames <= 24));
            return (error <= Tolerance && withinLimits).Label($"{Kinds[kind]}: error {error}, runs {string.Join(" ", model.Runs)}");
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Any_decode_in_place_or_to_PCM_gives_the_samples_of_a_decode()
    {
        Gen<(int, int, int, int)> cases =
            from kind in Gen.Choose(0, Kinds.Length - 1)
            from frames in Gen.Choose(0, 60)
            from batch in Gen.Choose(0, 4)
            from maxBatch in Gen.Elements(1, 2, 4, int.MaxValue)
            select (kind, frames, batch, maxBatch);
        Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int kind, int frames, int batch, int maxBatch) = value;
            using FakeDecoderModel model = Make(kind, maxBatch);
            using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 40 });
            using VocoderSession session = vocoder.CreateSession();
            float[] mel = Mels.Random(batch * FakeDecoderModel.MelCount * frames, batch);
            float[] audio = new float[batch * vocoder.GetSampleCount(frames)];
            short[] pcm = new short[audio.Length];
            session.DecodeBatch(mel, batch, frames, audio);

            bool isInPlace = session.DecodeBatch(mel, batch, frames).SequenceEqual(audio);
            int samples = session.DecodeBatchPcm16(mel, batch, frames, pcm);

            bool isPcm = samples == vocoder.GetSampleCount(frames) && pcm.SequenceEqual(audio.Select(Pcm16Tests.Round));
            return (isInPlace && isPcm).Label($"{Kinds[kind]}: in place {isInPlace}, PCM {isPcm}");
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void A_network_that_puts_out_NaN_is_named_in_place_too([Values] OutputKind signal)
    {
        using FakeDecoderModel model = new(signal) { Poison = float.NaN };
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 37);

        Assert.That(() => { session.Decode(mel, 37); }, Throws.TypeOf<TrtVocoderException>().With.Message.Contains("put out NaN"));
        Assert.That(() => session.DecodePcm16(mel, 37, new short[1000]), Throws.TypeOf<TrtVocoderException>().With.Message.Contains("put out NaN"));
        Assert.That(
            () => session.DecodePcm16(mel, 37, new short[10]), Throws.ArgumentException.With.Message.Contains("room for 10 samples"));
        Assert.That(() => { session.DecodeBatch(mel, -1, 37); }, Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Warm_up_says_what_it_took()
    {
        using FakeDecoderModel model = new(maxBatch: 2);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        TimeSpan first = session.WarmUp(), second = session.WarmUp(frames: 50, batch: 2);
        Assert.That(first, Is.GreaterThan(TimeSpan.Zero).And.LessThan(System.Diagnostics.Stopwatch.GetElapsedTime(start)));
        Assert.That(second, Is.GreaterThan(TimeSpan.Zero).And.LessThan(System.Diagnostics.Stopwatch.GetElapsedTime(start)));
    }

    [Test]
    public void Any_length_covered_by_windows_of_a_few_lengths_equals_the_whole_decode()
    {
        Gen<(int, int, int, int)> cases =
            from kind in Gen.Choose(0, Kinds.Length - 1)
            from frames in Gen.Choose(2, 400)
            from inFlight in Gen.Choose(1, 4)
            from batch in Gen.Choose(1, 3)
            select (kind, frames, inFlight, batch);
        Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int kind, int frames, int inFlight, int batch) = value;
            using FakeDecoderModel model = Make(kind, maxBatch: 2);
            using Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(16, 24, 40, 64), RunsInFlight = inFlight });
            using VocoderSession session = vocoder.CreateSession();
            int melSize = FakeDecoderModel.MelCount * frames;
            float[] mel = Mels.Random(batch * melSize, frames);
            float[] audio = new float[batch * vocoder.GetSampleCount(frames)];

            int samples = session.DecodeBatch(mel, batch, frames, audio);

            double error = 0;
            for (int item = 0; item < batch; item++)
                error = Math.Max(error, Differences.Largest(audio.AsSpan(item * samples, samples), model.DecodeWhole(mel.AsSpan(item * melSize, melSize), frames)));
            bool fewShapes = model.Runs.All(run => run.Frames is 16 or 24 or 40 or 64 || frames < 16);
            bool inFlightAsAsked = model.MaxInFlight == Math.Min(inFlight, model.Runs.Count);
            return (error <= Tolerance && fewShapes && inFlightAsAsked).Label($"{Kinds[kind]}: error {error}, {model.MaxInFlight} in flight, runs {string.Join(" ", model.Runs)}");
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void A_run_that_fails_leaves_no_other_under_way()
    {
        using FakeDecoderModel model = new(runsInFlight: 3);
        using Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(16) });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 200);
        float[] audio = new float[vocoder.GetSampleCount(200)];
        model.DuringRun = () =>
        {
            if (model.Runs.Count == 4)
                throw new TrtVocoderException("broken");
        };
        Assert.That(() => session.Decode(mel, 200, audio), Throws.TypeOf<TrtVocoderException>().With.Message.EqualTo("broken"));
        model.DuringRun = null;

        session.Decode(mel, 200, audio);

        Assert.That(Differences.Largest(audio, model.DecodeWhole(mel, 200)), Is.LessThan(Tolerance), "the next decode is whole again");
    }

    [Test]
    public void A_session_whose_vocoder_is_gone_decodes_with_the_decoders_it_has()
    {
        using FakeDecoderModel model = new(runsInFlight: 3);
        Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(16) });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 100);
        float[] audio = new float[vocoder.GetSampleCount(100)];
        vocoder.Dispose();

        session.Decode(mel, 100, audio);

        Assert.That(Differences.Largest(audio, model.DecodeWhole(mel, 100)), Is.LessThan(Tolerance));
        Assert.That(model.MaxInFlight, Is.EqualTo(1));
    }

    [Test]
    public void Warm_up_of_all_windows_runs_each_on_every_decoder()
    {
        using FakeDecoderModel model = new(runsInFlight: 2);
        using Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(16, 24) });
        using VocoderSession session = vocoder.CreateSession();

        session.WarmUp();

        Assert.That(model.LiveDecoders, Is.EqualTo(2));
        Assert.That(model.Runs.Count(run => run == (1, 16)), Is.GreaterThanOrEqualTo(2));
        Assert.That(model.Runs.Count(run => run == (1, 24)), Is.GreaterThanOrEqualTo(2));
    }

    [Test]
    public void A_profiled_decode_tells_its_windows_and_the_sums_of_its_parts()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(16, 64) });
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);

        session.Decode(Mels.Random(FakeDecoderModel.MelCount * 130), 130, new float[vocoder.GetSampleCount(130)]);

        DecodeTimes times = profiler.Last;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((times.Batch, times.Frames, times.Windows), Is.EqualTo((1, 130, model.Runs.Count)));
            Assert.That(times.ComputedFrames, Is.EqualTo(model.Runs.Sum(run => run.Frames)));
            Assert.That(times[DecodePart.Compute], Is.EqualTo(2 * model.Runs.Count));
            Assert.That(times[DecodePart.Enqueue], Is.EqualTo(0.5 * model.Runs.Count));
            Assert.That(times[DecodePart.InverseStft], Is.GreaterThan(0));
            Assert.That(times[DecodePart.EndToEnd], Is.GreaterThan(times[DecodePart.InverseStft]));
            Assert.That(times.UsedGraph);
            Assert.That(profiler.Count, Is.EqualTo(1));
        }
    }

    [Test]
    public void Windows_overlap_by_the_receptive_field_and_no_more()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 26 });
        using VocoderSession session = vocoder.CreateSession();

        // 26 − 2·3 = 20 new frames a window, and 3 more at each true end: 6 + 5·20 frames are exactly 5 windows.
        session.Decode(Mels.Random(FakeDecoderModel.MelCount * 106), 106, new float[vocoder.GetSampleCount(106)]);

        Assert.That(model.Runs, Has.Count.EqualTo(5));
    }

    [Test]
    public void A_receptive_field_told_too_small_shows_in_the_audio()
    {
        using FakeDecoderModel model = new(receptiveField: FakeDecoderModel.Layers - 1);
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 26 });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 100);
        float[] audio = new float[vocoder.GetSampleCount(100)];

        session.Decode(mel, 100, audio);

        Assert.That(Differences.Largest(audio, model.DecodeWhole(mel, 100)), Is.GreaterThan(100 * Tolerance), "the fake network is too tame to show chunking errors");
    }

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(2, 4)]
    [TestCase(3, 8)]
    public void Decode_of_one_frame_is_empty_and_of_two_is_one_hop(int frames, int samples)
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(vocoder.GetSampleCount(frames), Is.EqualTo(samples));
        Assert.That(session.Decode(Mels.Random(FakeDecoderModel.MelCount * frames), frames, new float[samples]), Is.EqualTo(samples));
    }

    [Test]
    public void Same_padding_decodes_one_frame_to_one_hop()
    {
        using Vocoder vocoder = new(new FakeDecoderModel(padding: StftPadding.Same));
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(session.Decode(Mels.Random(FakeDecoderModel.MelCount), 1, new float[4]), Is.EqualTo(4));
    }

    [Test]
    public void Room_beyond_the_audio_stays_untouched()
    {
        using Vocoder vocoder = new(new FakeDecoderModel(), new VocoderOptions { MaxWindowFrames = 12 });
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(30) + 5];
        Array.Fill(audio, 42);

        int samples = session.Decode(Mels.Random(FakeDecoderModel.MelCount * 30), 30, audio);

        Assert.That(audio[samples..], Is.All.EqualTo(42f));
        Assert.That(audio[..samples], Has.None.EqualTo(42f));
    }

    [Test]
    public void A_mel_of_the_wrong_length_names_the_expected_shape()
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(() => session.Decode(new float[41], 10, new float[100]),
            Throws.ArgumentException.With.Message.Contains("41 values, but [n_mels = 4, frames = 10] has 40"));
        Assert.That(() => session.DecodeBatch(new float[41], 2, 10, new float[100]),
            Throws.ArgumentException.With.Message.Contains("[batch = 2, n_mels = 4, frames = 10] has 80"));
        Assert.That(() => session.Decode(new float[40], 10, new float[35]),
            Throws.ArgumentException.With.Message.Contains("room for 35 samples, but 10 frames decode to 36"));
        Assert.That(() => session.DecodeBatch(new float[41], int.MaxValue, int.MaxValue, []),
            Throws.ArgumentException.With.Message.Contains("has 18446744056529682436"));
        Assert.That(() => vocoder.GetSampleCount(int.MaxValue),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("2147483647 frames decode to 8589934584 samples"));
    }

    [TestCase(float.NaN, "NaN")]
    [TestCase(float.NegativeInfinity, "infinity")]
    public void A_mel_with_a_value_that_is_no_number_names_its_band_and_frame(float value, string name)
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(2 * FakeDecoderModel.MelCount * 37);
        mel[((FakeDecoderModel.MelCount + 2) * 37) + 36] = value;

        Assert.That(() => session.DecodeBatch(mel, 2, 37, new float[1000]),
            Throws.TypeOf<DataFormatException>().With.Message.Contains($"{name} in band 2, frame 36 of item 1"));
    }

    [TestCase(OutputKind.Spectrum, float.NaN)]
    [TestCase(OutputKind.Waveform, float.NaN)]
    [TestCase(OutputKind.Waveform, float.PositiveInfinity)]
    public void A_network_that_puts_out_NaN_is_named(OutputKind signal, float poison)
    {
        using FakeDecoderModel model = new(signal) { Poison = poison };
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 37);

        Assert.That(() => session.Decode(mel, 37, new float[1000]), Throws.TypeOf<TrtVocoderException>().With.Message.Contains("put out NaN"));

        using Vocoder trusting = new(model, new VocoderOptions { CheckOutput = false });
        using VocoderSession unchecked_ = trusting.CreateSession();
        Assert.That(() => unchecked_.Decode(mel, 37, new float[1000]), Throws.Nothing);
    }

    [Test]
    public void Concurrent_use_of_one_session_is_refused()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 5);
        Exception? met = null;
        model.DuringRun = () =>
        {
            model.DuringRun = null;
            Thread other = new(() => met = Assert.Catch(() => session.Decode(mel, 5, new float[16])));
            other.Start();
            other.Join();
        };

        session.Decode(mel, 5, new float[16]);

        Assert.That(met, Is.TypeOf<InvalidOperationException>().With.Message.Contains("make one for each thread"));
        Assert.That(() => session.Decode(mel, 5, new float[16]), Throws.Nothing, "the session must go on after a refused call");
    }

    [Test]
    public void A_failed_decode_leaves_the_session_usable()
    {
        using Vocoder vocoder = new(new FakeDecoderModel());
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(() => session.Decode(new float[3], 5, new float[16]), Throws.ArgumentException);
        Assert.That(session.Decode(Mels.Random(FakeDecoderModel.MelCount * 5), 5, new float[16]), Is.EqualTo(16));
    }

    [Test]
    public void Sessions_of_many_threads_decode_at_once()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 20 });
        double[] errors = new double[8];
        Parallel.For(0, errors.Length, new ParallelOptions { MaxDegreeOfParallelism = errors.Length }, i =>
        {
            using VocoderSession session = vocoder.CreateSession();
            for (int round = 0; round < 10; round++)
            {
                int frames = 15 + (3 * i) + round;
                float[] mel = Mels.Random(FakeDecoderModel.MelCount * frames, i);
                float[] audio = new float[vocoder.GetSampleCount(frames)];
                session.Decode(mel, frames, audio);
                errors[i] = Math.Max(errors[i], Differences.Largest(audio, model.DecodeWhole(mel, frames)));
            }
        });

        Assert.That(errors, Is.All.LessThanOrEqualTo(Tolerance));
        Assert.That(model.LiveDecoders, Is.Zero);
    }

    [Test]
    public void Disposing_in_any_order_and_twice_is_harmless()
    {
        FakeDecoderModel model = new();
        Vocoder vocoder = new(model);
        VocoderSession session = vocoder.CreateSession();

        vocoder.Dispose();
        vocoder.Dispose();

        Assert.That(model.Disposed);
        Assert.That(session.Decode(Mels.Random(FakeDecoderModel.MelCount * 5), 5, new float[16]), Is.EqualTo(16), "a session outlives its vocoder");
        Assert.That(() => vocoder.CreateSession(), Throws.TypeOf<ObjectDisposedException>());
        session.Dispose();
        session.Dispose();
        Assert.That(model.LiveDecoders, Is.Zero);
        Assert.That(() => session.Decode(new float[20], 5, new float[16]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposing_during_a_decode_lets_it_finish()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        VocoderSession session = vocoder.CreateSession();
        int decodersDuringRun = 0;
        model.DuringRun = () =>
        {
            session.Dispose();
            decodersDuringRun = model.LiveDecoders;
        };

        int samples = session.Decode(Mels.Random(FakeDecoderModel.MelCount * 5), 5, new float[16]);

        Assert.That((samples, decodersDuringRun, model.LiveDecoders), Is.EqualTo((16, 1, 0)));
        Assert.That(() => session.Decode(new float[20], 5, new float[16]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposing_at_any_moment_of_another_threads_uses_releases_everything()
    {
        for (int round = 0; round < 300; round++)
        {
            using FakeDecoderModel model = new();
            using Vocoder vocoder = new(model);
            VocoderSession session = vocoder.CreateSession();
            using Barrier start = new(2);
            bool disposed = false;
            Thread user = new(() =>
            {
                start.SignalAndWait();
                try
                {
                    while (!Volatile.Read(ref disposed))
                        session.GetState();
                }
                catch (ObjectDisposedException)
                {
                }
            });
            user.Start();
            start.SignalAndWait();
            Thread.SpinWait(round * 7);
            session.Dispose();
            Volatile.Write(ref disposed, true);
            user.Join();

            Assert.That(model.LiveDecoders, Is.Zero, $"round {round}");
            Assert.That(() => session.GetState(), Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Warm_up_runs_every_shape_that_decodes_will_use()
    {
        using FakeDecoderModel model = new(maxBatch: 2);
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 20 });
        using VocoderSession session = vocoder.CreateSession();

        session.WarmUp(frames: 50, batch: 5);

        List<(int, int)> warm = [.. model.Runs];
        model.Runs.Clear();
        session.DecodeBatch(Mels.Random(5 * FakeDecoderModel.MelCount * 50), 5, 50, new float[5 * vocoder.GetSampleCount(50)]);
        Assert.That(warm, Is.EqualTo(new[] { (2, 17), (1, 17) }));
        Assert.That(model.Runs.Distinct(), Is.EqualTo(warm));
    }

    [Test]
    public void Warm_up_makes_the_decoders_that_the_runs_of_a_batch_will_share()
    {
        using FakeDecoderModel model = new(maxBatch: 1, hasCostlyShapes: true, runsInFlight: 2);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();

        session.WarmUp(frames: 50, batch: 8);
        Assert.That(model.LiveDecoders, Is.EqualTo(2));

        session.DecodeBatch(Mels.Random(8 * FakeDecoderModel.MelCount * 50), 8, 50, new float[8 * vocoder.GetSampleCount(50)]);
        Assert.That(model.MaxInFlight, Is.EqualTo(2));
    }

    [Test]
    public void The_first_failure_is_told_whatever_the_other_runs_throw_and_the_next_decode_is_whole()
    {
        using FakeDecoderModel model = new(maxBatch: 1, runsInFlight: 3);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(3 * FakeDecoderModel.MelCount * 20);
        int samples = vocoder.GetSampleCount(20);
        int run = 0;
        model.DuringRun = () =>
        {
            if (++run == 1)
                throw new TrtVocoderException("the first");
            throw new ArgumentOutOfRangeException(nameof(run));
        };
        Assert.That(() => session.DecodeBatch(mel, 3, 20, new float[3 * samples]), Throws.TypeOf<TrtVocoderException>().With.Message.EqualTo("the first"));
        Assert.That(run, Is.EqualTo(3), "runs that were waited for");

        model.DuringRun = null;
        float[] audio = new float[samples];
        session.Decode(mel.AsSpan(0, FakeDecoderModel.MelCount * 20), 20, audio);
        Assert.That(Differences.Largest(audio, model.DecodeWhole(mel.AsSpan(0, FakeDecoderModel.MelCount * 20), 20)), Is.LessThan(Tolerance));
    }

    private static FakeDecoderModel Make(int kind, int maxBatch = int.MaxValue)
    {
        (OutputKind signal, StftPadding padding, SpectrumLayout layout, int hop) = Kinds[kind];
        return new FakeDecoderModel(signal, padding, layout, maxBatch, hop: hop);
    }
}
