using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

/// <summary>What a model does not say is asked by decoding, and then any length decodes on it.</summary>
public class AskedModelTests
{
    private const float Tolerance = 1e-5f;

    [Test]
    public void A_model_that_does_not_tell_its_receptive_field_is_asked_when_an_input_is_longer_than_a_run(
        [Values] OutputKind signal, [Values] StftPadding padding, [Values(20, 33)] int limit)
    {
        using FakeDecoderModel model = new(signal, padding, receptiveField: null, maxFrames: signal == OutputKind.Spectrum ? limit : limit + 20);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        Assert.That(vocoder.WindowFrames, Is.Empty);

        foreach (int frames in (int[])[20, 21, 54, 100, 900])
            AssertDecodesWhole(session, vocoder, model, frames);
        Assert.That(session.TakeNotes(), Is.Empty);
        Assert.That(vocoder.WindowFrames, Is.Not.Empty);
    }

    [Test]
    public void A_receptive_field_that_was_told_is_not_asked()
    {
        using FakeDecoderModel model = new(maxFrames: 20);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        AssertDecodesWhole(session, vocoder, model, 20 + 14);

        Assert.That(model.Runs, Has.Count.EqualTo(2));
    }

    [Test]
    public void The_answer_is_the_measured_reach_and_a_kernel_more()
    {
        using FakeDecoderModel model = new(receptiveField: null);
        using Vocoder vocoder = new(model);

        NetworkAnswers answers = vocoder.Ask();

        Assert.That(answers.ReceptiveField, Is.EqualTo(new ReceptiveField(FakeDecoderModel.Layers + 3, FakeDecoderModel.Layers + 3)));
        Assert.That(answers.BatchIsIndependent, Is.True);
        Assert.That(model.LiveDecoders, Is.Zero);
    }

    [Test]
    public void A_reach_beyond_the_longest_run_has_no_bounds_and_longer_inputs_are_refused()
    {
        using FakeDecoderModel model = new(receptiveField: null, maxFrames: 6);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(session.Decode(Mels.Random(24), 6, new float[20]), Is.EqualTo(20));
        Assert.That(() => session.Decode(Mels.Random(28), 7, new float[24]),
            Throws.TypeOf<DataFormatException>().With.Property("Kind").EqualTo(FailureKind.ReceptiveFieldUnknown));
    }

    [Test]
    public void Windows_of_the_callers_choice_are_made_for_a_model_that_was_asked()
    {
        using FakeDecoderModel model = new(receptiveField: null);
        using Vocoder vocoder = new(model, new VocoderOptions { Windows = WindowPolicy.Of(32, 64) });
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(vocoder.WindowFrames, Is.EqualTo((int[])[32, 64]));
        AssertDecodesWhole(session, vocoder, model, 150);
    }

    [Test]
    public void A_session_of_costly_shapes_has_windows_after_its_warm_up()
    {
        using FakeDecoderModel model = new(receptiveField: null, minFrames: 16, maxFrames: 128, hasCostlyShapes: true);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();

        Assert.That(vocoder.WindowFrames, Is.Not.Empty);
        foreach (int frames in (int[])[13, 16, 90, 128, 500])
            AssertDecodesWhole(session, vocoder, model, frames);
    }

    [Test]
    public void Mels_shorter_than_any_run_are_exact_from_two_receptive_fields_on([Values] OutputKind signal, [Values] StftPadding padding, [Values] bool isFixed)
    {
        using FakeDecoderModel model = new(signal, padding, minFrames: 40, maxFrames: isFixed ? 40 : 64);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        int least = signal == OutputKind.Spectrum ? 2 * FakeDecoderModel.Layers : 10;

        for (int frames = least; frames <= 70; frames++)
            AssertDecodesWhole(session, vocoder, model, frames);
        Assert.That(session.TakeNotes(), Is.Empty);
    }

    [Test]
    public void A_mel_too_short_to_be_exact_is_decoded_with_one_note()
    {
        using FakeDecoderModel model = new(minFrames: 40);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        for (int frames = 2; frames < 2 * FakeDecoderModel.Layers; frames++)
        {
            float[] audio = new float[vocoder.GetSampleCount(frames)];
            Assert.That(session.Decode(Mels.Random(4 * frames), frames, audio), Is.EqualTo(audio.Length));
            Assert.That(audio, Is.All.Matches<float>(float.IsFinite).And.Some.Not.Zero);
        }

        Assert.That(session.TakeNotes(), Has.Count.EqualTo(1).And.Some.Contains("fewer than 40 frames").And.Some.Contains("too short to be exact"));
        Assert.That(session.TakeNotes(), Is.Empty);
        Assert.That(model.Runs, Has.Count.EqualTo(8).And.All.EqualTo((1, 40)), "each is run twice");
    }

    [Test]
    public void A_batch_of_short_mels_equals_its_items()
    {
        using FakeDecoderModel model = new(minFrames: 40, maxFrames: 64, maxBatch: 2);
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        const int Frames = 9;
        float[] mel = Mels.Random(3 * 4 * Frames);
        int samples = vocoder.GetSampleCount(Frames);
        float[] audio = new float[3 * samples];
        session.DecodeBatch(mel, 3, Frames, audio);
        for (int item = 0; item < 3; item++)
            Assert.That(Differences.Largest(audio.AsSpan(item * samples, samples), model.DecodeWhole(mel.AsSpan(item * 4 * Frames, 4 * Frames), Frames)), Is.LessThan(Tolerance));
    }

    [Test]
    public void A_batch_that_does_not_equal_its_items_is_decoded_one_by_one_with_a_note([Values] bool isForeign, [Values(4, int.MaxValue)] int maxBatch)
    {
        using FakeDecoderModel model = new(maxBatch: maxBatch, isForeign: isForeign) { SpoilsBatches = isForeign };
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        const int Frames = 12;
        float[] mel = Mels.Random(3 * 4 * Frames);
        int samples = vocoder.GetSampleCount(Frames);
        float[] audio = new float[3 * samples];
        for (int round = 0; round < 2; round++)
        {
            session.DecodeBatch(mel, 3, Frames, audio);
            for (int item = 0; item < 3; item++)
                Assert.That(Differences.Largest(audio.AsSpan(item * samples, samples), model.DecodeWhole(mel.AsSpan(item * 4 * Frames, 4 * Frames), Frames)), Is.LessThan(Tolerance));
            Assert.That(session.TakeNotes(), isForeign && round == 0 ? Has.Count.EqualTo(1).And.Some.Contains("decoded by itself") : Is.Empty);
        }
    }

    private static void AssertDecodesWhole(VocoderSession session, Vocoder vocoder, FakeDecoderModel model, int frames)
    {
        float[] mel = Mels.Random(FakeDecoderModel.MelCount * frames, frames);
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        Assert.That(Differences.Largest(audio, model.DecodeWhole(mel, frames)), Is.LessThan(Tolerance), $"{frames} frames");
    }
}
