namespace TrtVocoder.TensorRt;

/// <summary>A form of a network that TensorRT's builder refused.</summary>
/// <param name="Form">What the exporter calls the form.</param>
/// <param name="Words">What TensorRT said.</param>
public sealed record TrtFormRefusal(string Form, string Words);
