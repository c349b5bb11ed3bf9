using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

public class WindowPlanTests
{
    private static readonly DecoderInfo Vocos = Info(27, OutputKind.Spectrum);

    private static DecoderInfo Info(int? context, OutputKind signal, int most = 1024, int least = 1) => new()
    {
        Backend = "none",
        MaxBatch = 1,
        MinFrames = least,
        MaxFrames = most,
        HasCostlyShapes = true,
        Metadata = new VocoderMetadata
        {
            SampleRate = 24000,
            FftLength = 1024,
            HopLength = 256,
            MelCount = 100,
            Padding = StftPadding.Center,
            Layout = SpectrumLayout.BinsMajor,
            Signal = signal,
            ReceptiveFieldFrames = context,
        },
    };

    private static List<(int Start, int Frames, int Begin, int End)> Cover(WindowPlan plan, int frames, int units)
    {
        WindowCursor cover = new(plan.Frames.Count);
        List<(int, int, int, int)> windows = [];
        cover.Reset(plan, frames, units);
        while (cover.MoveNext())
            windows.Add((cover.Start, cover.Frames, cover.Begin, cover.End));
        return windows;
    }

    [Test]
    public void Every_input_is_covered_without_a_gap_by_windows_that_are_right_where_they_count(
        [Values] OutputKind signal, [Values(1, 9, 27, 60)] int context, [Values("auto", "96,200", "256", "off")] string windows)
    {
        DecoderInfo info = Info(context, signal, most: 700);
        if (windows == "96,200" && context == 60)
            windows = "160,300";
        WindowPlan plan = WindowPlan.Create(info, new VocoderOptions { Windows = WindowPolicy.Parse(windows) });
        bool isSpectrum = signal == OutputKind.Spectrum;
        for (int frames = 2; frames < 3000; frames += frames < 1100 ? 1 : 37)
        {
            int units = isSpectrum ? frames : info.Metadata.Stft.GetSampleCount(frames);
            List<(int Start, int Frames, int Begin, int End)> cover = Cover(plan, frames, units);
            int done = 0;
            foreach ((int start, int length, int begin, int end) in cover)
            {
                Assert.That(begin, Is.EqualTo(done), $"{frames} frames: gap");
                Assert.That(end, Is.GreaterThan(begin), $"{frames} frames: a window for nothing");
                Assert.That(start, Is.InRange(0, frames - length), $"{frames} frames: a window beyond the input");
                // By the definition, in frames: the first and the last frame that touch the part are far enough from every cut edge.
                (int first, int last) = isSpectrum ? (begin, end - 1) : Touching(begin, end);
                Assert.That(start == 0 || Math.Max(first, 0) - start >= context, $"{frames} frames: too near to the start of {start}+{length}");
                Assert.That(start + length == frames || start + length - 1 - Math.Min(last, frames - 1) >= context, $"{frames} frames: too near to the end of {start}+{length}");
                done = end;
            }
            Assert.That(done, Is.EqualTo(units));
        }

        // Frame t spreads over the padded samples t·hop … t·hop + n_fft − 1.
        static (int First, int Last) Touching(int begin, int end) => ((begin + 512 - 1024 + 256) / 256, (end - 1 + 512) / 256);
    }

    [Test]
    public void Two_windows_cover_every_input_up_to_the_longest()
    {
        WindowPlan plan = WindowPlan.Create(Vocos, new VocoderOptions());
        Assert.That(plan.Frames, Is.EqualTo(new[] { 64, 72, 88, 96, 128, 192, 256, 384, 512, 768, 1024 }));
        for (int frames = plan.Frames[0]; frames <= plan.Longest; frames++)
            Assert.That(Cover(plan, frames, frames), Has.Count.LessThanOrEqualTo(2), $"{frames} frames");
    }

    [Test]
    public void The_cover_is_the_cheapest_there_is()
    {
        int[] lengths = [64, 96, 160, 256];
        double[] costs = [1.0, 1.1, 1.9, 2.0];
        WindowPlan plan = WindowPlan.Create(Vocos, new VocoderOptions { Windows = WindowPolicy.Of(lengths) }).WithCosts(costs);
        for (int frames = 64; frames < 700; frames++)
        {
            int[] counts = new int[lengths.Length];
            plan.Choose(frames, counts);
            double cost = counts.Zip(costs, (count, one) => count * one).Sum();
            Assert.That(cost, Is.EqualTo(Cheapest(frames, lengths.Length)).Within(1e-9), $"{frames} frames by {string.Join(' ', counts)}");
        }

        // Every multiset that covers, by exhaustion.
        double Cheapest(int frames, int kinds, int covered = 54)
        {
            if (covered >= frames)
                return 0;
            double best = double.PositiveInfinity;
            for (int i = 0; i < kinds; i++)
                if (lengths[i] <= frames)
                    best = Math.Min(best, costs[i] + Cheapest(frames, i + 1, covered + lengths[i] - 54));
            return best;
        }
    }

    [Test]
    public void Long_inputs_use_the_window_of_the_best_rate()
    {
        WindowPlan plan = WindowPlan.Create(Vocos, new VocoderOptions { Windows = WindowPolicy.Of(128, 512) });
        int[] counts = new int[2];
        plan.Choose(100_000, counts);
        Assert.That(counts[1], Is.EqualTo(100_000 / (512 - 54)).Within(3));
        Assert.That(counts[0], Is.LessThanOrEqualTo(2));
    }

    [Test]
    public void Inputs_shorter_than_the_shortest_window_run_in_their_own_length()
    {
        WindowPlan plan = WindowPlan.Create(Vocos, new VocoderOptions());
        Assert.That(plan.OwnLengthLimit, Is.EqualTo(plan.Frames[0] - 1));
        Assert.That(Cover(plan, 20, 20), Is.EqualTo(new[] { (0, 20, 0, 20) }));
    }

    [Test]
    public void Turned_off_every_input_that_one_run_takes_has_its_own_length()
    {
        WindowPlan plan = WindowPlan.Create(Vocos, new VocoderOptions { Windows = WindowPolicy.Off });
        Assert.That(plan.HasFixedLengths, Is.False);
        Assert.That(Cover(plan, 1024, 1024), Has.Count.EqualTo(1));
        Assert.That(Cover(plan, 1025, 1025), Has.Count.EqualTo(2));
    }

    [Test]
    public void Where_new_lengths_cost_nothing_windows_serve_only_inputs_longer_than_one_run()
    {
        WindowPlan plan = WindowPlan.Create(Vocos with { HasCostlyShapes = false }, new VocoderOptions());
        Assert.That(plan.HasFixedLengths, Is.False);
        Assert.That(plan.OwnLengthLimit, Is.EqualTo(VocoderOptions.DefaultMaxWindowFrames));
    }

    [Test]
    public void Where_new_lengths_cost_nothing_windows_are_no_longer_than_they_must_be()
    {
        WindowPlan plan = WindowPlan.Create(Vocos with { HasCostlyShapes = false }, new VocoderOptions());
        for (int frames = 1025; frames < 8000; frames += 13)
        {
            List<(int Start, int Frames, int Begin, int End)> cover = Cover(plan, frames, frames);
            int fewest = (int)Math.Ceiling((frames - 54) / 970.0);
            Assert.That(cover, Has.Count.EqualTo(fewest));
            Assert.That(cover.Select(window => window.Frames).Distinct().Count(), Is.EqualTo(1));
            Assert.That(cover.Sum(window => window.Frames) - (54 * (fewest - 1)) - frames, Is.InRange(0, fewest - 1), $"{frames} frames: computed for nothing");
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Windows_of_a_model_of_one_length_all_have_it(bool isCostly)
    {
        WindowPlan plan = WindowPlan.Create(Info(27, OutputKind.Spectrum, most: 200, least: 200) with { HasCostlyShapes = isCostly }, new VocoderOptions());
        Assert.That(Cover(plan, 999, 999).Select(window => window.Frames), Is.All.EqualTo(200));
    }

    [Test]
    public void A_small_profile_has_one_window_of_its_whole_length()
    {
        WindowPlan plan = WindowPlan.Create(Info(27, OutputKind.Spectrum, most: 60), new VocoderOptions());
        Assert.That(plan.Frames, Is.EqualTo(new[] { 60 }));
    }

    [Test]
    public void Windows_that_do_not_suit_the_model_are_refused_by_their_length()
    {
        Assert.That(() => WindowPlan.Create(Vocos, new VocoderOptions { Windows = WindowPolicy.Of(54, 256) }), Throws.ArgumentException.With.Message.Contains("54").And.Message.Contains("at least 55"));
        Assert.That(() => WindowPlan.Create(Vocos, new VocoderOptions { Windows = WindowPolicy.Of(64, 2048) }), Throws.ArgumentException.With.Message.Contains("2048").And.Message.Contains("1 to 1024"));
        Assert.That(
            () => WindowPlan.Create(Info(null, OutputKind.Spectrum), new VocoderOptions { Windows = WindowPolicy.Of(64) }),
            Throws.ArgumentException.With.Message.Contains(nameof(ModelHints.ReceptiveFieldFrames)));
    }

    [TestCase("auto")]
    [TestCase("off")]
    [TestCase("64,128,512")]
    public void A_policy_reads_what_it_writes(string text) => Assert.That(WindowPolicy.Parse(text).ToString(), Is.EqualTo(text));

    [TestCase("")]
    [TestCase("64,")]
    [TestCase("64,-1")]
    [TestCase("some")]
    public void A_policy_that_is_none_says_what_was_expected(string text) =>
        Assert.That(() => WindowPolicy.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains("64,128,256"));
}
