using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Requests that share the runs of an engine.</summary>
public class TrtSchedulerTests : SimulatedGpu
{
    private const int MelCount = 100;

    // The spectra are the same bits. The host transforms frames in pairs, and a window that is cut within one rounds its last hop otherwise: the last
    // bit of floats, some 149 dB in short mels.
    private const double LeastDecibels = 145;
    private static readonly TrtOptimizationProfile Batches = new(1, 4, 4, 1, 40, 96);

    private static readonly string[] Calls =
    [
        "cuCtxPushCurrent_v2", "cuStreamCreate", "cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoDAsync_v2", "cuMemHostGetDevicePointer_v2", "cuStreamSynchronize", "cuGraphLaunch",
    ];

    private static IEnumerable<TestCaseData> Faults => Calls.Select(function => new TestCaseData(function, "2"))
        .Append(new TestCaseData("kernel", "700"))
        .Concat(((string[])["ICudaEngine::createExecutionContext", "IExecutionContext::setInputShape", "IExecutionContext::enqueueV3"])
            .SelectMany(function => new[] { new TestCaseData(function, "null"), new TestCaseData(function, "throw") }));

    [TestCase("tiny-center", InverseStftPlace.Host)]
    [TestCase("tiny-same", InverseStftPlace.Gpu)]
    public void Requests_of_any_lengths_get_what_a_session_gives(string model, InverseStftPlace place)
    {
        using Vocoder vocoder = new(
            TrtDecoderModel.Load(TestEngines.Engine(model, profile: Batches)), new VocoderOptions { InverseStft = place });
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();
        using VocoderScheduler scheduler = new(vocoder);
        scheduler.WarmUp();
        Assert.That((scheduler.Batch, scheduler.Lanes), Is.EqualTo((4, 2)));
        long ready = Simulator.Calls("IExecutionContext::setInputShape");
        Random random = new(3);
        // Shorter mels than the shortest window pay for a shape of their own.
        int shortest = scheduler.OwnLengthLimit + 1;

        CountedRequest[] requests = [.. Enumerable.Range(0, 16).Select(_ => Submit(scheduler, random.Next(shortest, 300)))];
        foreach (CountedRequest request in requests)
            request.Await();
        long afterwards = Simulator.Calls("IExecutionContext::setInputShape");
        requests = [.. requests, Submit(scheduler, 1), Submit(scheduler, 2), Submit(scheduler, shortest - 1), Submit(scheduler, 700)];

        foreach (CountedRequest request in requests)
        {
            request.Await();
            Assert.That((request.Ends, request.Disorder, request.Ending), Is.EqualTo((1, "", (Exception?)null)));
            float[] expected = new float[vocoder.GetSampleCount(request.Frames)];
            session.Decode(request.Mel.Span, request.Frames, expected);
            if (expected.Length > 0)
                Assert.That(Differences.SignalToNoise(expected, request.Samples), Is.GreaterThanOrEqualTo(LeastDecibels), $"{request.Frames} frames");
        }
        Assert.That(afterwards, Is.EqualTo(ready), "everything was ready");
        Assert.That(scheduler.Statistics.BatchFill, Is.GreaterThan(0.3));
    }

    [TestCaseSource(nameof(Faults))]
    public void A_failure_of_any_call_ends_requests_with_a_sentence_and_leaks_nothing(string function, string action)
    {
        string engine = TestEngines.Engine(profile: Batches);
        Simulator.Reset();
        Assert.That(Serve(engine), Is.Zero);
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        string before = Simulator.Live;
        int failures = 0;
        for (long call = 1; call <= calls; call += 1 + (calls / 12))
        {
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}={action}");
            failures += Serve(engine);
            AssertNothingNew(before, $"call {call} of {calls}");
        }
        Assert.That(failures, Is.Positive);
    }

    [Test]
    public void After_a_lost_context_every_request_fails_at_once()
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine(profile: Batches)));
        using VocoderScheduler scheduler = new(vocoder);
        Submit(scheduler, 300).Await();
        Simulator.Fault("kernel@1=700");

        CountedRequest lost = Submit(scheduler, 300).Await();

        Assert.That(lost.Ending, Is.TypeOf<CudaException>().With.Message.Contains("the CUDA context of this process is lost"));
        Assert.That(() => Submit(scheduler, 300), Throws.TypeOf<CudaException>().With.Message.EqualTo(lost.Ending!.Message));
        Simulator.Reset();
    }

    /// <summary>Makes a scheduler, warms it up, and lets it serve some requests.</summary>
    /// <returns>How much of that failed, by an exception of this library's.</returns>
    private static int Serve(string engine)
    {
        int failures = 0;
        try
        {
            using Vocoder vocoder = new(TrtDecoderModel.Load(engine), new VocoderOptions { Windows = WindowPolicy.Of(24, 40) });
            using VocoderScheduler scheduler = new(vocoder, new VocoderSchedulerOptions { Batch = 2 });
            scheduler.WarmUp();
            List<CountedRequest> accepted = [];
            foreach (int frames in (int[])[90, 30, 10, 41, 10])
            {
                try
                {
                    accepted.Add(Submit(scheduler, frames));
                }
                catch (CudaException)
                {
                    failures++;
                }
            }
            foreach (CountedRequest request in accepted)
            {
                request.Await();
                Assert.That((request.Ends, request.Disorder), Is.EqualTo((1, "")));
                if (request.Ending is not { } failure)
                    continue;
                failures++;
                Assert.That(failure, Is.InstanceOf<TrtVocoderException>().With.Message.EndsWith("."));
            }
            Assert.That(scheduler.Statistics.OpenRequests, Is.Zero);
        }
        catch (TrtVocoderException failure)
        {
            failures++;
            Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."));
        }
        return failures;
    }

    private static CountedRequest Submit(VocoderScheduler scheduler, int frames)
    {
        CountedRequest request = new(Mels.Random(MelCount * frames, frames), frames, scheduler.Vocoder.GetSampleCount(frames));
        scheduler.Submit(request);
        return request;
    }
}
