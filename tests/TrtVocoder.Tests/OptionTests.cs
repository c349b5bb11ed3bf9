using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests;

/// <summary>Options are checked where they are set.</summary>
public sealed class OptionTests
{
    private static readonly TestCaseData[] OutOfRange =
    [
        Case(nameof(VocoderOptions.MaxWindowFrames), () => new VocoderOptions { MaxWindowFrames = 0 }),
        Case(nameof(VocoderOptions.RunsInFlight), () => new VocoderOptions { RunsInFlight = -1 }),
        Case(nameof(VocoderOptions.RunsInFlight), () => new VocoderOptions { RunsInFlight = int.MaxValue }),
        Case(nameof(VocoderOptions.InverseStftThreads), () => new VocoderOptions { InverseStftThreads = -1 }),
        Case(nameof(VocoderOptions.InverseStftThreads), () => new VocoderOptions { InverseStftThreads = int.MaxValue }),
        Case(nameof(VocoderOptions.Threads), () => new VocoderOptions { Threads = -1 }),
        Case(nameof(VocoderOptions.Threads), () => new VocoderOptions { Threads = int.MaxValue }),
        Case(nameof(DecoderOptions.Threads), () => new DecoderOptions { Threads = -1 }),
        Case(nameof(DecoderOptions.RunsInFlight), () => new DecoderOptions { RunsInFlight = -1 }),
        Case(nameof(TrtDecoderOptions.Device), () => new TrtDecoderOptions { Device = -1 }),
        Case(nameof(TrtDecoderOptions.Profile), () => new TrtDecoderOptions { Profile = -1 }),
        Case(nameof(TrtDecoderOptions.Buffers), () => new TrtDecoderOptions { Buffers = (BufferMode)99 }),
        Case(nameof(TrtDecoderOptions.Runtime), () => new TrtDecoderOptions { Runtime = (EngineFlavour)99 }),
        Case(nameof(TrtBuildOptions.Device), () => new TrtBuildOptions { Device = -1 }),
        Case(nameof(TrtBuildOptions.OptimizationLevel), () => new TrtBuildOptions { OptimizationLevel = 6 }),
        Case(nameof(TrtBuildOptions.Runtime), () => new TrtBuildOptions { Runtime = (EngineFlavour)99 }),
        Case(nameof(ModelHints.SampleRate), () => new ModelHints { SampleRate = 0 }),
        Case(nameof(ModelHints.FftLength), () => new ModelHints { FftLength = 1 }),
        Case(nameof(ModelHints.HopLength), () => new ModelHints { HopLength = 0 }),
        Case(nameof(ModelHints.MelCount), () => new ModelHints { MelCount = 0 }),
        Case(nameof(ModelHints.MelFloor), () => new ModelHints { MelFloor = 0 }),
        Case(nameof(ModelHints.MelFloor), () => new ModelHints { MelFloor = float.NaN }),
        Case(nameof(ModelHints.Padding), () => new ModelHints { Padding = (StftPadding)99 }),
        Case(nameof(ModelHints.ReceptiveFieldFrames), () => new ModelHints { ReceptiveFieldFrames = -1 }),
    ];

    [TestCaseSource(nameof(OutOfRange))]
    public void A_value_out_of_range_is_refused_by_one_line_that_names_the_option(string option, Func<object> set)
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => set())!;

        Assert.That(error.ParamName, Is.EqualTo(option));
        Assert.That(error.Message, Does.StartWith($"{option} is ").And.Contain("expected").And.Not.Contain("\n"));
    }

    [Test]
    public void What_must_be_there_is_not_null()
    {
        Assert.That(() => new VocoderOptions { Windows = null! }, Throws.ArgumentNullException);
        Assert.That(() => new VocoderOptions { Model = null! }, Throws.ArgumentNullException);
        Assert.That(() => new VocoderOptions { Engine = null! }, Throws.ArgumentNullException);
        Assert.That(() => new DecoderOptions { Model = null! }, Throws.ArgumentNullException);
        Assert.That(() => new TrtBuildOptions { Profile = null! }, Throws.ArgumentNullException);
        Assert.That(() => new TrtDecoderOptions { LibraryFolder = "" }, Throws.ArgumentException);
    }

    private static TestCaseData Case(string option, Func<object> set) => new(option, set);
}
