namespace TrtVocoder.Export.Checkpoints;

/// <summary>A config that was read: upstream's, which is whole, or facts that the weights complete.</summary>
/// <param name="Name">The file's name without its folder.</param>
/// <param name="Whole">Upstream's.</param>
/// <param name="Facts">Those of another form.</param>
internal sealed record ConfigSource(string Name, VocosConfig? Whole, ConfigFacts? Facts);
