using System.Collections.Immutable;

namespace TrtVocoder.Files;

/// <summary>A tensor of a .safetensors file that is not read, since its values are no floating point of 16 bits or more.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The format's name of its type, e.g. <c>I64</c>.</param>
/// <param name="Shape">Size of each axis, outermost first.</param>
public sealed record SkippedTensor(string Name, string Type, ImmutableArray<int> Shape)
{
    /// <summary>For people: <c>mel_len I64 [1]</c>.</summary>
    public override string ToString() =>
        PrintableText.Clean($"{PrintableText.Name(Name)} {Type} {FloatTensor.FormatShape(Shape.AsSpan())}");
}
