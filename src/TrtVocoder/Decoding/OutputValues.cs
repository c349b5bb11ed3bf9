using TrtVocoder.Internal;

namespace TrtVocoder.Decoding;

/// <summary>The values of one output of a network: FP32, or FP16 of which only what is asked for is brought into FP32.</summary>
internal readonly ref struct OutputValues
{
    private readonly ReadOnlySpan<Half> _narrow;
    private readonly Span<float> _wide;
    private readonly ReadOnlySpan<float> _values;

    /// <summary>FP32 values.</summary>
    public OutputValues(ReadOnlySpan<float> values) => _values = values;

    /// <summary>FP16 values, and as much room for them in FP32.</summary>
    public OutputValues(ReadOnlySpan<Half> narrow, Span<float> wide)
    {
        _narrow = narrow;
        _wide = wide;
        _values = wide;
    }

    /// <summary>All values; of FP16 ones those are right that were read.</summary>
    public ReadOnlySpan<float> All => _values;

    /// <summary>Makes values readable in <see cref="All"/>.</summary>
    public void Read(int start, int count)
    {
        if (!_narrow.IsEmpty)
            HalfConversion.ToSingle(_narrow.Slice(start, count), _wide.Slice(start, count));
    }
}
