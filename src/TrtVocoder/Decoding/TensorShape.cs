namespace TrtVocoder.Decoding;

/// <summary>Name and shape of a network's input or output as its file tells them.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Dimensions">Its dimensions; −1 where they may vary.</param>
/// <param name="IsInteger">Whether its values are indices or counts (INT32, INT64, BOOL): never a mel, a spectrum or samples.</param>
internal sealed record TensorShape(string Name, IReadOnlyList<long> Dimensions, bool IsInteger = false)
{
    /// <summary>Values, where no dimension varies.</summary>
    public long Count => Dimensions.Aggregate(1L, (count, size) => Math.BigMul((int)Math.Min(count, int.MaxValue), (int)size));

    /// <summary>The name and the shape for messages: <c>'mel' [?, 100, ?]</c>.</summary>
    public override string ToString() =>
        $"'{Name}' [{string.Join(", ", Dimensions.Select(size => size < 0 ? "?" : size.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]";
}
