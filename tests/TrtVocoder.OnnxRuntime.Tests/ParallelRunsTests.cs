using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TestSupport;

namespace TrtVocoder.OnnxRuntime.Tests;

public class ParallelRunsTests
{
    private const int Frames = 40;

    // Other threads of the test host allocate now and then; one allocation in each run would be more.
    private const long AllocationNoise = 1000;

    private static readonly OnnxDecoderOptions TwoRuns = new() { IntraOpThreads = 1, ParallelRuns = 2 };

    [Test]
    public void A_session_is_told_how_many_decoders_to_hold()
    {
        using OnnxDecoderModel one = Load(new OnnxDecoderOptions());
        using OnnxDecoderModel two = Load(TwoRuns);

        Assert.That((one.Info.RunsInFlight, two.Info.RunsInFlight), Is.EqualTo((1, 2)));
        Assert.That(() => Load(new OnnxDecoderOptions { ParallelRuns = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase(0, 0, 0, 1)]
    [TestCase(3, 0, 3, 1)]
    [TestCase(8, 1, 8, 1)]
    [TestCase(8, 2, 7, 2)]
    [TestCase(2, 2, 1, 2)]
    [TestCase(1, 4, 1, 4)]
    public void Threads_are_shared_out_among_the_runs(int threads, int runsInFlight, int intraOpThreads, int parallelRuns)
    {
        OnnxDecoderOptions options = OnnxDecoderBackend.ToOnnxOptions(new DecoderOptions { Threads = threads, RunsInFlight = runsInFlight });

        Assert.That((options.IntraOpThreads, options.ParallelRuns), Is.EqualTo((intraOpThreads, parallelRuns)));
    }

    [Test]
    public void Start_returns_and_the_run_goes_on_by_itself()
    {
        DecodeProfiler profiler = new();
        using OnnxDecoderModel model = Load(TwoRuns);
        using IDecoder decoder = model.CreateDecoder(profiler);
        Fill(decoder, seed: 1);

        decoder.Start();

        Assert.That(() => decoder.Times.ComputeEndMs, Is.GreaterThan(0).After(10_000, 1));
        decoder.Finish();
    }

    [Test]
    public void Without_parallel_runs_the_run_is_the_callers()
    {
        DecodeProfiler profiler = new();
        using OnnxDecoderModel model = Load(new OnnxDecoderOptions());
        using IDecoder decoder = model.CreateDecoder(profiler);
        Fill(decoder, seed: 1);
        decoder.Start();
        Thread.Sleep(50);
        double finish = profiler.NowMs;

        decoder.Finish();

        Assert.That(decoder.Times.ComputeStartMs, Is.GreaterThanOrEqualTo(finish));
    }

    [Test]
    public void Runs_that_overlap_give_the_values_of_runs_one_after_the_other([Values(1, 2)] int intraOpThreads)
    {
        using OnnxDecoderModel model = Load(TwoRuns with { IntraOpThreads = intraOpThreads });
        using IDecoder first = model.CreateDecoder();
        using IDecoder second = model.CreateDecoder();
        float[][] expected = [.. Enumerable.Range(0, 7).Select(seed => Values(first, seed))];
        for (int round = 0; round < 500; round++)
        {
            // Another mel each time: what the last run left must not pass for the result.
            Fill(first, round % 7);
            first.Start();
            Fill(second, (round + 1) % 7);
            second.Start();
            // Sometimes the threads have begun when the results are wanted, sometimes not.
            if (round % 3 == 0)
                Thread.Sleep(1);
            Assert.That(first.Finish().GetSpectrum(0).Real.ToArray(), Is.EqualTo(expected[round % 7]));
            Assert.That(second.Finish().GetSpectrum(0).Real.ToArray(), Is.EqualTo(expected[(round + 1) % 7]));
        }
    }

    [Test]
    public void What_goes_wrong_in_a_run_is_thrown_by_finish_and_the_decoder_goes_on([Values] bool begun)
    {
        // It says that it puts out twice as many samples as it does.
        VocoderMetadata wrong = TinyModels.Metadata with { Signal = OutputKind.Waveform, HopLength = 8 };
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Waveform().Metadata(wrong.ToProperties()).ToBytes(), "lying.onnx", TwoRuns);
        using IDecoder decoder = model.CreateDecoder();
        for (int round = 0; round < 3; round++)
        {
            Fill(decoder, seed: 1);
            decoder.Start();
            if (begun)
                Thread.Sleep(20);
            Assert.That(() => decoder.Finish(), Throws.InstanceOf<TrtVocoderException>().With.Message.StartsWith("lying.onnx: "));
        }
    }

    [Test]
    public void A_decoder_can_be_disposed_while_its_run_is_under_way([Values] bool begun)
    {
        using OnnxDecoderModel model = Load(TwoRuns);
        for (int round = 0; round < 20; round++)
        {
            IDecoder decoder = model.CreateDecoder();
            Fill(decoder, seed: 1);
            decoder.Start();
            if (begun)
                Thread.Sleep(1);
            decoder.Dispose();
            Assert.That(() => decoder.Finish(), Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Finish_and_prepare_keep_their_order()
    {
        using OnnxDecoderModel model = Load(TwoRuns);
        using IDecoder decoder = model.CreateDecoder();
        Assert.That(() => decoder.Start(), Throws.InvalidOperationException);
        Fill(decoder, seed: 1);
        Assert.That(() => decoder.Finish(), Throws.InvalidOperationException);
        decoder.Start();
        Assert.That(() => decoder.BeginInput(1, 5), Throws.InvalidOperationException);
        decoder.Finish();
        Assert.That(() => decoder.Finish(), Throws.InvalidOperationException);
    }

    [Test]
    public void Parallel_runs_allocate_nothing_on_any_thread()
    {
        const int Rounds = 100;
        using OnnxDecoderModel model = Load(TwoRuns);
        using IDecoder first = model.CreateDecoder(new DecodeProfiler());
        using IDecoder second = model.CreateDecoder();
        float[] mel = TinyModels.RandomMel(Frames);
        RunAll();

        Action all = RunAll;
        long before = GC.GetAllocatedBytesForCurrentThread();
        all();
        long ofCaller = GC.GetAllocatedBytesForCurrentThread() - before;
        long ofAll = Allocations.OfAllThreads(all);

        Assert.That(ofCaller, Is.Zero);
        Assert.That(ofAll, Is.LessThan(AllocationNoise));

        void RunAll()
        {
            for (int round = 0; round < Rounds; round++)
                RunBoth();
        }

        void RunBoth()
        {
            mel.CopyTo(first.BeginInput(1, Frames));
            first.Start();
            mel.CopyTo(second.BeginInput(1, Frames));
            second.Start();
            first.Finish();
            second.Finish();
        }
    }

    private static OnnxDecoderModel Load(OnnxDecoderOptions options) =>
        OnnxDecoderModel.Load(TinyModels.Spectrum().Metadata(TinyModels.Metadata.ToProperties()).ToBytes(), "tiny.onnx", options);

    private static void Fill(IDecoder decoder, int seed) => TinyModels.RandomMel(Frames, seed: seed).CopyTo(decoder.BeginInput(1, Frames));

    private static float[] Values(IDecoder decoder, int seed)
    {
        Fill(decoder, seed);
        return decoder.Run().GetSpectrum(0).Real.ToArray();
    }
}
