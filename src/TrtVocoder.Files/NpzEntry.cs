using System.Collections.Immutable;

namespace TrtVocoder.Files;

/// <summary>One array of an .npz file, as its header tells it.</summary>
/// <param name="Key">Its name.</param>
/// <param name="ElementType">
/// NumPy's name of its values' type, e.g. <c>&lt;f4</c>; empty where the header cannot be read (records, objects).
/// </param>
/// <param name="Shape">Size of each axis, outermost first.</param>
public sealed record NpzEntry(string Key, string ElementType, ImmutableArray<int> Shape)
{
    /// <summary>For people: <c>mel &lt;f4 [100, 256]</c>.</summary>
    public override string ToString() =>
        PrintableText.Clean($"{PrintableText.Name(Key)} "
            + $"{(ElementType.Length == 0 ? "(no plain numbers)" : $"{ElementType} {FloatTensor.FormatShape(Shape.AsSpan())}")}");
}
