using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Dsp;

namespace TrtVocoder.Tests.Dsp;

/// <summary>Sizes of a small transform whose windows overlap, hops that do not divide n_fft among them, and a number of frames.</summary>
internal sealed record StftCase(StftParameters Parameters, int Frames, int Seed)
{
    public static Arbitrary<StftCase> Arbitrary { get; } = Arb.From(
        from half in Gen.Choose(2, 48)
        from hop in Gen.Choose(1, half)
        from same in Gen.Elements(true, false)
        from frames in Gen.Choose(0, 90)
        from seed in Gen.Choose(0, int.MaxValue - 1)
        let padding = same && hop % 2 == 0 ? StftPadding.Same : StftPadding.Center
        select new StftCase(new StftParameters(2 * half, hop, padding), frames, seed));
}
