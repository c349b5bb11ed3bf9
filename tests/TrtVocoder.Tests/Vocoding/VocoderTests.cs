using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public class VocoderTests
{
    [Test]
    public void A_vocoder_tells_what_its_model_is()
    {
        using Vocoder vocoder = new(new FakeDecoderModel());

        Assert.That((vocoder.SampleRate, vocoder.MelCount, vocoder.Info.Backend), Is.EqualTo((8000, 4, "fake")));
    }

    private static NUnit.Framework.Constraints.EqualConstraint DoesNotFit =>
        Throws.TypeOf<TrtVocoderException>().With.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.OptionsDoNotFit);

    [Test]
    public void A_chunk_limit_within_the_receptive_field_names_the_least_one()
    {
        Assert.That(() => new Vocoder(new FakeDecoderModel(), new VocoderOptions { MaxWindowFrames = 6 }),
            DoesNotFit.With.Message.Contains("have at least 7"));
        // A waveform needs the overlap of the window too: 16/4 − 1 frames more.
        Assert.That(() => new Vocoder(new FakeDecoderModel(OutputKind.Waveform), new VocoderOptions { MaxWindowFrames = 6 }),
            DoesNotFit.With.Message.Contains("have at least 10"));
        Assert.That(() => new Vocoder(new FakeDecoderModel(), new VocoderOptions { MaxWindowFrames = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Vocoder(new FakeDecoderModel(minFrames: 30), new VocoderOptions { MaxWindowFrames = 20 }),
            DoesNotFit.With.Message.Contains("takes at least 30"));
    }

    [Test]
    public void A_model_whose_runs_are_too_short_for_chunks_says_so()
    {
        using Vocoder vocoder = new(new FakeDecoderModel(maxFrames: 6));
        using VocoderSession session = vocoder.CreateSession();

        Assert.That(session.Decode(Mels.Random(24), 6, new float[20]), Is.EqualTo(20));
        Assert.That(() => session.Decode(Mels.Random(28), 7, new float[24]),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("windows of at least 7 frames"));
    }

    [Test]
    public void A_model_without_limits_decodes_long_inputs_in_windows_by_itself()
    {
        using FakeDecoderModel model = new();
        using Vocoder vocoder = new(model);
        using VocoderSession session = vocoder.CreateSession();
        int frames = 3 * VocoderOptions.DefaultMaxWindowFrames;

        session.Decode(Mels.Random(4 * frames), frames, new float[vocoder.GetSampleCount(frames)]);

        Assert.That(model.Runs, Has.Count.EqualTo(4).And.All.EqualTo(model.Runs[0]));
    }

    [Test]
    public void Decoding_allocates_nothing_after_warm_up([Values] OutputKind signal)
    {
        using QuietDecoderModel model = new(signal);
        using Vocoder vocoder = new(model, new VocoderOptions { MaxWindowFrames = 64 });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mels.Random(4 * 3 * 100);
        float[] audio = new float[3 * vocoder.GetSampleCount(100)];
        session.DecodeBatch(mel, 3, 100, audio);
        session.Decode(mel.AsSpan(0, 4 * 50), 50, audio);

        long before = GC.GetAllocatedBytesForCurrentThread();
        session.DecodeBatch(mel, 3, 100, audio);
        session.Decode(mel.AsSpan(0, 4 * 50), 50, audio);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    /// <summary>Puts out zeros from memory made once.</summary>
    private sealed class QuietDecoderModel(OutputKind signal) : IDecoderModel, IDecoder
    {
        private readonly float[] _mel = new float[10_000];
        private readonly float[] _output = new float[10_000];
        private readonly StftParameters _stft = new(16, 4, StftPadding.Center);
        private int _frames;

        public DecoderInfo Info { get; } = new FakeDecoderModel(signal).Info;

        public IDecoder CreateDecoder(DecodeProfiler? profiler = null) => this;

        public Span<float> BeginInput(int batch, int frames)
        {
            _frames = frames;
            return _mel.AsSpan(0, batch * FakeDecoderModel.MelCount * frames);
        }

        public void Start()
        {
        }

        public DecoderOutput Finish() => signal == OutputKind.Spectrum
            ? DecoderOutput.FromSpectrum(_output, _output, Info.Metadata.Layout, _stft.BinCount, _frames)
            : DecoderOutput.FromAudio(_output, _stft.GetSampleCount(_frames));

        public void Dispose()
        {
        }
    }
}
