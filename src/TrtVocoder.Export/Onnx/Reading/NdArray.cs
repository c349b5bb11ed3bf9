namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>An array of the evaluator: shape and values, row-major; whole numbers divide as such.</summary>
internal sealed record NdArray(int[] Shape, double[] Values, bool IsInteger = false)
{
    public static NdArray Vector(int[] shape, ReadOnlySpan<double> values) => new(shape, values.ToArray());

    public static NdArray Integers(params double[] values) => new([values.Length], values, true);

    public int Rank => Shape.Length;

    public NdArray Reshape(int[] shape) => this with { Shape = shape };

    /// <summary>The axis that a number of either sign names; null where there is none.</summary>
    public int? Axis(long axis) => axis < -Rank || axis >= Rank ? null : (int)(axis < 0 ? axis + Rank : axis);
}
