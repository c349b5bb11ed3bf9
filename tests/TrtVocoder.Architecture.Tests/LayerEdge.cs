namespace TrtVocoder.Architecture.Tests;

/// <summary>A type's use of another layer.</summary>
/// <param name="From">The layer of the type.</param>
/// <param name="To">The layer that it uses.</param>
/// <param name="IsByName">Whether by a string that names an assembly.</param>
internal readonly record struct LayerEdge(string From, string To, bool IsByName);
