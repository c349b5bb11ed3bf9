using System.Collections.Immutable;
using System.Globalization;

namespace TrtVocoder.Files;

/// <summary>A named file's or model's array of float32 values in C order (the last axis varies fastest). Immutable, so safe for use by many threads.</summary>
public sealed class FloatTensor
{
    private readonly float[] _values;

    /// <summary>Keeps a shape and its values.</summary>
    /// <param name="shape">Size of each axis, outermost first; empty for a single number.</param>
    /// <param name="values">The values in C order. The array is kept, not copied: do not change it afterwards.</param>
    /// <exception cref="ArgumentException">A size is negative, or the sizes' product is not the number of values.</exception>
    public FloatTensor(ReadOnlySpan<int> shape, float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!TryCountElements(shape, out int count) || count != values.Length)
            throw new ArgumentException($"A tensor of shape {FormatShape(shape)} does not hold {values.Length} values.", nameof(values));
        Shape = [.. shape];
        _values = values;
    }

    /// <summary>Size of each axis, outermost first.</summary>
    public ImmutableArray<int> Shape { get; }

    /// <summary>The values in C order.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The values in C order, for code that must keep them.</summary>
    public ReadOnlyMemory<float> Memory => _values;

    /// <summary>The product of the sizes: 1 for an empty shape.</summary>
    /// <returns>False when a size is negative or the product does not fit an array's length.</returns>
    public static bool TryCountElements(ReadOnlySpan<int> shape, out int count)
    {
        long product = 1;
        bool empty = false;
        count = 0;
        foreach (int size in shape)
        {
            if (size < 0)
                return false;
            // A zero anywhere makes the product zero, however large the other sizes are.
            empty |= size == 0;
            if (!empty && (product *= size) > Array.MaxLength)
                return false;
        }
        count = empty ? 0 : (int)product;
        return true;
    }

    /// <summary>A shape for messages: <c>[64, 1, 7]</c>.</summary>
    public static string FormatShape(ReadOnlySpan<int> shape)
    {
        List<string> sizes = [];
        foreach (int size in shape)
            sizes.Add(size.ToString(CultureInfo.InvariantCulture));
        return $"[{string.Join(", ", sizes)}]";
    }

    /// <summary>The shape for messages: <c>[64, 1, 7]</c>.</summary>
    public override string ToString() => FormatShape(Shape.AsSpan());
}
