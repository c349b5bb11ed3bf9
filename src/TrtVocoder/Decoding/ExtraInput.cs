namespace TrtVocoder.Decoding;

/// <summary>An input beside the mel whose value is obvious, or was told.</summary>
/// <param name="Tensor">The input.</param>
/// <param name="Role">What it takes.</param>
/// <param name="Constant">The value of <see cref="InputRole.Constant"/>.</param>
internal sealed record ExtraInput(TensorShape Tensor, InputRole Role, int Constant = 0)
{
    /// <summary>Its shape in a run: what varies is the batch where it comes first, and the frames elsewhere.</summary>
    public long[] ShapeFor(int batch, int frames) =>
        [.. Tensor.Dimensions.Select((size, axis) => size >= 0 ? size : axis > 0 ? frames : Role == InputRole.Constant ? 1 : batch)];

    /// <summary>The value of all its elements in a run.</summary>
    public int ValueFor(int frames) => Role switch { InputRole.Lengths => frames, InputRole.Mask => 1, _ => Constant };
}
