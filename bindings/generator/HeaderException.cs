namespace TrtVocoder.Bindings.Generator;

/// <summary>A header holds something this generator does not translate.</summary>
public sealed class HeaderException(int line, string message) : Exception($"line {line}: {message}");
