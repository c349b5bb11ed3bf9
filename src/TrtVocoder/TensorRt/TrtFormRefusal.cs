namespace TrtVocoder.TensorRt;

/// <summary>A form of a network that TensorRT's builder refused.</summary>
/// <param name="Form">The form, <see cref="OnnxSource.Form"/>.</param>
/// <param name="Words">What TensorRT said.</param>
public sealed record TrtFormRefusal(string Form, string Words);
