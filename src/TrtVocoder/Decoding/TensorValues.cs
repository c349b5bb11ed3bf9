namespace TrtVocoder.Decoding;

/// <summary>The values of an input or output in one run.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, whatever their type is in the network.</param>
internal sealed record TensorValues(string Name, IReadOnlyList<long> Shape, float[] Values);
