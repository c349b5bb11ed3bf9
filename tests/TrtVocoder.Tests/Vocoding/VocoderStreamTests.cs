using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public sealed class VocoderStreamTests
{
    // The fake's spectra are those of the whole mel bit for bit; its transform is of 16 points.
    private const double LeastDb = 150;

    // Frames are transformed in pairs: where a push ends within one, its last hop goes out as it was rounded without the other frame, so
    // that nothing waits. That is the last bit of floats: some 147 dB where every push ends so.
    private const double LeastDbOfSplitPairs = 140;

    private static readonly (OutputKind Signal, StftPadding Padding, SpectrumLayout Layout, int Hop, bool HasState)[] Kinds =
    [
        (OutputKind.Spectrum, StftPadding.Center, SpectrumLayout.BinsMajor, 4, false),
        (OutputKind.Spectrum, StftPadding.Same, SpectrumLayout.FrameMajor, 4, false),
        (OutputKind.Spectrum, StftPadding.Same, SpectrumLayout.FrameMajor, 8, false),
        (OutputKind.Waveform, StftPadding.Center, SpectrumLayout.BinsMajor, 4, false),
        (OutputKind.Waveform, StftPadding.Same, SpectrumLayout.BinsMajor, 4, false),
        (OutputKind.Waveform, StftPadding.Center, SpectrumLayout.BinsMajor, 6, false),
        (OutputKind.Spectrum, StftPadding.Center, SpectrumLayout.BinsMajor, 4, true),
        (OutputKind.Spectrum, StftPadding.Same, SpectrumLayout.FrameMajor, 4, true),
    ];

    [Test]
    public void A_mel_in_any_pieces_gives_the_samples_of_the_whole()
    {
        double worst = double.PositiveInfinity;
        Gen<(int, int, int, bool, int)> cases =
            from kind in Gen.Choose(0, Kinds.Length - 1)
            from frames in Gen.OneOf(Gen.Choose(0, 40), Gen.Choose(0, 2000))
            from most in Gen.Elements(1, 3, 10, 64, 500)
            from isWarm in Gen.Elements(false, true)
            from seed in Gen.Choose(0, 1000)
            select (kind, frames, most, isWarm, seed);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int kind, int frames, int most, bool isWarm, int seed) = value;
            using Vocoder vocoder = new(Make(kind, hasCostlyShapes: isWarm));
            using VocoderSession session = vocoder.CreateSession();
            using VocoderStream stream = session.CreateStream();
            if (isWarm)
                stream.WarmUp(Math.Min(most, 20));
            float[] mel = Mels.Random(FakeDecoderModel.MelCount * frames, seed);
            float[] whole = Whole(kind, mel, frames);

            float[] audio = PushAll(stream, mel, frames, most, new Random(seed));

            double decibels = Differences.SignalToNoiseDb(audio, whole);
            worst = Math.Min(worst, decibels);
            return (audio.Length == whole.Length && decibels >= LeastDbOfSplitPairs).Label(
                $"{Kinds[kind]}: {audio.Length} samples of {whole.Length}, {decibels:F1} dB");
        }));
        TestContext.Out.WriteLine($"Least: {worst:F1} dB");
    }

    [TestCase(StftPadding.Center, 0)]
    [TestCase(StftPadding.Same, 0)]
    [TestCase(StftPadding.Center, 6)]
    public void Samples_come_with_the_frames_that_the_properties_tell(StftPadding padding, int kind)
    {
        FakeDecoderModel model = new(Kinds[kind].Signal, padding, fftLength: 16, hop: 4, isStreaming: Kinds[kind].HasState);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount, 1);
        int pushed = 0;
        while (stream.AvailableSamples == 0)
        {
            Assert.That(stream.HeldFrames, Is.EqualTo(pushed));
            stream.Push(mel, 1);
            pushed++;
        }
        // Center: three layers, and a frame whose first half lies before the start.
        Assert.That((pushed, stream.LookaheadFrames), Is.EqualTo(padding == StftPadding.Center ? (6, 5) : (5, 5)));
        Assert.That(stream.FirstSampleFrames, Is.EqualTo(pushed));
        for (int i = 0; i < 50; i++)
            stream.Push(mel, 1);
        Assert.That(stream.HeldFrames, Is.EqualTo(stream.LookaheadFrames));
        stream.Complete();
        Assert.That((stream.HeldFrames, stream.AvailableSamples), Is.EqualTo((0, vocoder.GetSampleCount(pushed + 50))));
    }

    [Test]
    public void A_push_decodes_again_only_what_exactness_needs()
    {
        FakeDecoderModel model = Make(0);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(10 * FakeDecoderModel.MelCount, 1);
        for (int i = 0; i < 5; i++)
            stream.Push(mel, 10);
        stream.Complete();
        // Three frames of margin to each side; the first window has no start to lose, the last neither frames to come.
        Assert.That(model.Runs.Select(run => run.Frames), Is.EqualTo(new[] { 10, 16, 16, 16, 16, 6 }));
    }

    [Test]
    public void With_state_each_frame_goes_in_once()
    {
        FakeDecoderModel model = Make(6);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(10 * FakeDecoderModel.MelCount, 1);
        for (int i = 0; i < 5; i++)
            stream.Push(mel, 10);
        stream.Complete();
        Assert.That(model.Runs.Select(run => run.Frames), Is.EqualTo(new[] { 10, 10, 10, 10, 10, 3 }));
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(6)]
    public void A_warm_stream_runs_no_shape_that_was_not_made_ready(int kind)
    {
        FakeDecoderModel model = Make(kind, hasCostlyShapes: true);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.WarmUp(10);
        HashSet<int> ready = [.. model.Runs.Select(run => run.Frames)];
        model.Runs.Clear();
        for (int frames = 1; frames < 60; frames++)
        {
            PushAll(stream, Mels.Random(FakeDecoderModel.MelCount * frames, frames), frames, 10, null);
            stream.Reset();
        }
        Assert.That(model.Runs.Select(run => run.Frames).Except(ready), Is.Empty);
        Assert.That(model.Runs, Has.Count.GreaterThan(60));
    }

    [TestCase(MelLayout.BandsMajor, 7, 2, "band 2, frame 12")]
    [TestCase(MelLayout.FrameMajor, 7, 2, "band 2, frame 12")]
    public void A_piece_with_NaN_is_refused_and_nothing_of_it_taken(MelLayout layout, int frame, int band, string where)
    {
        using Vocoder vocoder = new(Make(0));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(10 * FakeDecoderModel.MelCount, 1);
        stream.Push(mel.AsSpan(0, 5 * FakeDecoderModel.MelCount), 5);
        float[] damaged = [.. mel];
        damaged[layout == MelLayout.BandsMajor ? (band * 10) + frame : (frame * FakeDecoderModel.MelCount) + band] = float.NaN;
        Assert.That(Assert.Throws<DataFormatException>(() => stream.Push(damaged, 10, layout))!.Message, Does.Contain(where));
        Assert.That(stream.PushedFrames, Is.EqualTo(5));
        Assert.DoesNotThrow(() => stream.Push(mel, 10, layout));
    }

    [TestCase(0)]
    [TestCase(6)]
    public void A_failed_push_ends_the_utterance(int kind)
    {
        FakeDecoderModel model = Make(kind);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(20 * FakeDecoderModel.MelCount, 1);
        model.Poison = float.NaN;
        TrtVocoderException failure = Assert.Throws<TrtVocoderException>(() => stream.Push(mel, 20))!;
        Assert.That(failure.Kind, Is.EqualTo(FailureKind.NonFiniteOutput));
        model.Poison = null;
        Assert.Throws<InvalidOperationException>(() => stream.Push(mel, 20));
        stream.Reset();
        Assert.That(PushAll(stream, mel, 20, 7, null), Has.Length.EqualTo(vocoder.GetSampleCount(20)));
    }

    [Test]
    public void After_the_end_only_Reset_goes_on()
    {
        using Vocoder vocoder = new(Make(0));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.Complete();
        Assert.That((stream.Complete(), stream.IsComplete), Is.EqualTo((0, true)));
        Assert.Throws<InvalidOperationException>(() => stream.Push([], 0));
        stream.Reset();
        Assert.DoesNotThrow(() => stream.Push([], 0));
        Assert.Throws<ArgumentException>(() => stream.Push(new float[3], 1));
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.Push([], 0));
    }

    [Test]
    public void Streams_of_one_session_take_turns_unless_the_network_has_state()
    {
        float[] mel = Mels.Random(40 * FakeDecoderModel.MelCount, 1);
        using Vocoder whole = new(Make(0));
        using VocoderSession session = whole.CreateSession();
        using VocoderStream one = session.CreateStream();
        using VocoderStream other = session.CreateStream();
        for (int i = 0; i < 3; i++)
        {
            one.Push(mel, 40);
            other.Push(mel, 40);
        }
        one.Complete();
        Assert.That(one.AvailableSamples, Is.EqualTo(whole.GetSampleCount(120)));

        using Vocoder stateful = new(Make(6));
        using VocoderSession single = stateful.CreateSession();
        using VocoderStream first = single.CreateStream();
        first.Push(mel, 40);
        single.Decode(mel, 40, new float[stateful.GetSampleCount(40)]);
        Assert.That(Assert.Throws<InvalidOperationException>(() => first.Push(mel, 40))!.Message, Does.Contain("one utterance's state"));
        first.Reset();
        Assert.DoesNotThrow(() => first.Push(mel, 40));
    }

    [TestCase(OutputKind.Spectrum)]
    [TestCase(OutputKind.Waveform)]
    public void A_model_that_does_not_tell_its_receptive_field_is_asked_for_it(OutputKind signal)
    {
        using Vocoder vocoder = new(new FakeDecoderModel(signal, receptiveField: null));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * 300, 1);
        Assert.That(stream.FirstSampleFrames, Is.LessThan(20));
        Assert.That(
            Differences.SignalToNoiseDb(PushAll(stream, mel, 300, 10, null), Whole(signal == OutputKind.Spectrum ? 0 : 3, mel, 300)), Is.AtLeast(LeastDb));
    }

    [Test]
    public void A_model_without_a_receptive_field_has_no_stream()
    {
        // In runs as short as its reach it cannot be asked either.
        using Vocoder vocoder = new(new FakeDecoderModel(receptiveField: null, maxFrames: 6));
        using VocoderSession session = vocoder.CreateSession();
        Assert.That(
            Assert.Throws<DataFormatException>(() => session.CreateStream())!.Kind, Is.EqualTo(FailureKind.ReceptiveFieldUnknown));
    }

    [Test]
    public void A_model_of_one_length_streams_from_that_many_frames_on()
    {
        using Vocoder vocoder = new(new FakeDecoderModel(minFrames: 24, maxFrames: 24));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(100 * FakeDecoderModel.MelCount, 3);
        Assert.That(stream.FirstSampleFrames, Is.EqualTo(24));
        Assert.That(Differences.SignalToNoiseDb(PushAll(stream, mel, 100, 9, null), Whole(0, mel, 100)), Is.GreaterThan(LeastDb));
        stream.Reset();
        stream.Push(mel.AsSpan(0, 10 * FakeDecoderModel.MelCount), 10);
        Assert.That(Assert.Throws<TrtVocoderException>(() => stream.Complete())!.Message, Does.Contain("10 frames").And.Contain("at least 24"));
    }

    [TestCase(0, false)]
    [TestCase(0, true)]
    [TestCase(3, false)]
    [TestCase(6, false)]
    public void A_whole_mel_comes_in_parts_that_grow(int kind, bool isWarm)
    {
        using Vocoder vocoder = new(Make(kind, hasCostlyShapes: isWarm), new VocoderOptions { MaxWindowFrames = isWarm ? 512 : null });
        using VocoderSession session = vocoder.CreateSession();
        if (isWarm)
            session.WarmUp();
        float[] mel = Mels.Random(2000 * FakeDecoderModel.MelCount, 4);
        List<float> audio = [];
        List<int> parts = [];
        int samples = session.Decode(mel, 2000, part =>
        {
            audio.AddRange(part);
            parts.Add(part.Length / Kinds[kind].Hop);
        });
        TestContext.Out.WriteLine($"Parts of {string.Join(", ", parts)} frames.");
        Assert.That(samples, Is.EqualTo(audio.Count).And.EqualTo(vocoder.GetSampleCount(2000)));
        Assert.That(Differences.SignalToNoiseDb([.. audio], Whole(kind, mel, 2000)), Is.GreaterThan(LeastDb));
        Assert.That(parts[0], Is.LessThan(64));
        Assert.That(parts.SkipLast(2), Is.Ordered);
    }

    [Test]
    public void A_decode_in_parts_ends_where_it_is_cancelled()
    {
        using Vocoder vocoder = new(Make(0));
        using VocoderSession session = vocoder.CreateSession();
        using CancellationTokenSource source = new();
        float[] mel = Mels.Random(500 * FakeDecoderModel.MelCount, 4);
        int parts = 0;
        Assert.Throws<OperationCanceledException>(() => session.Decode(mel, 500, _ =>
        {
            if (++parts == 2)
                source.Cancel();
        }, source.Token));
        Assert.That(parts, Is.EqualTo(2));
        Assert.That(session.Decode(mel, 500, _ => { }, CancellationToken.None), Is.EqualTo(vocoder.GetSampleCount(500)));
    }

    private static FakeDecoderModel Make(int kind, bool hasCostlyShapes = false) => new(
        Kinds[kind].Signal, Kinds[kind].Padding, Kinds[kind].Layout, hop: Kinds[kind].Hop, isStreaming: Kinds[kind].HasState,
        hasCostlyShapes: hasCostlyShapes);

    private static float[] Whole(int kind, float[] mel, int frames)
    {
        using Vocoder vocoder = new(
            new FakeDecoderModel(Kinds[kind].Signal, Kinds[kind].Padding, Kinds[kind].Layout, hop: Kinds[kind].Hop),
            new VocoderOptions { MaxWindowFrames = 4000 });
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        return audio;
    }

    /// <summary>Pushes pieces of up to so many frames, in both layouts, reading now and then; of just so many where there is no chance.</summary>
    private static float[] PushAll(VocoderStream stream, float[] mel, int frames, int most, Random? random)
    {
        List<float> audio = [];
        for (int first = 0; first < frames;)
        {
            int count = Math.Min(frames - first, random?.Next(0, most + 1) ?? most);
            bool isFrameMajor = random?.Next(2) == 0;
            float[] piece = new float[FakeDecoderModel.MelCount * count];
            for (int band = 0; band < FakeDecoderModel.MelCount; band++)
                for (int frame = 0; frame < count; frame++)
                    piece[isFrameMajor ? (frame * FakeDecoderModel.MelCount) + band : (band * count) + frame] = mel[(band * frames) + first + frame];
            stream.Push(piece, count, isFrameMajor ? MelLayout.FrameMajor : MelLayout.BandsMajor);
            if (random?.Next(3) != 0)
                Read(stream, audio);
            first += count;
        }
        stream.Complete();
        Read(stream, audio);
        return [.. audio];
    }

    private static void Read(VocoderStream stream, List<float> audio)
    {
        float[] room = new float[37];
        while (stream.Read(room) is > 0 and int count)
            audio.AddRange(room[..count]);
    }
}
