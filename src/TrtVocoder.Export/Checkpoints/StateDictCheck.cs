using System.Collections.Immutable;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>Compares a state dict's names and shapes with what a config asks for, and tells all differences in one message.</summary>
internal sealed class StateDictCheck
{
    /// <summary>More differences than this are counted, not listed.</summary>
    private const int MaxListed = 12;

    // What the network is made of. Other names (the discriminators of a training checkpoint) have nothing to do with decoding.
    private static readonly string[] OwnPrefixes = ["backbone.", "head.", "feature_extractor."];

    private readonly string _source;
    private readonly Dictionary<string, ImmutableArray<int>> _required;
    private readonly Dictionary<string, ImmutableArray<int>> _known;
    private readonly List<string> _unknown = [];
    private readonly List<string> _misshapen = [];
    private int _foreignCount;

    public StateDictCheck(VocosConfig config, string source)
    {
        _source = source;
        _required = new(VocosWeights.GetWeightShapes(config), StringComparer.Ordinal);
        _known = new(_required.Concat(VocosWeights.GetBufferShapes(config)), StringComparer.Ordinal);
    }

    /// <summary>A sentence on tensors that were passed over.</summary>
    public IReadOnlyList<string> Warnings => _foreignCount == 0
        ? []
        : [$"{_source}: tensors that do not belong to the decoder were passed over: {_foreignCount}."];

    /// <summary>Notes a tensor that the file holds.</summary>
    /// <param name="name">Its name in the state dict.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="foreignType">Its type's name where that is no floating-point type.</param>
    /// <returns>Whether the tensor is one to be read.</returns>
    public bool Add(string name, ImmutableArray<int> shape, string? foreignType = null)
    {
        if (!_known.TryGetValue(name, out ImmutableArray<int> expected))
        {
            if (OwnPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                _unknown.Add($"'{Shorten(name)}' {Format(shape)}");
            else
                _foreignCount++;
            return false;
        }
        _required.Remove(name);
        if (foreignType is not null || !shape.AsSpan().SequenceEqual(expected.AsSpan()))
            _misshapen.Add($"'{name}' expected {Format(expected)}, found {Format(shape)}{(foreignType is null ? "" : $" of type {foreignType}")}");
        return true;
    }

    /// <exception cref="DataFormatException">Something is missing, unknown or misshapen.</exception>
    public void ThrowIfWrong()
    {
        List<string> parts = [];
        AddPart(parts, "missing", [.. _required.Select(pair => $"'{pair.Key}' {Format(pair.Value)}")]);
        AddPart(parts, "misshapen", _misshapen);
        AddPart(parts, "not known", _unknown);
        if (parts.Count > 0)
            throw new DataFormatException($"{_source} does not fit its config.yaml: {string.Join("; ", parts)}.");
    }

    private static void AddPart(List<string> parts, string title, List<string> items)
    {
        if (items.Count == 0)
            return;
        string more = items.Count > MaxListed ? $" and {items.Count - MaxListed} more" : "";
        parts.Add($"{title}: {string.Join(", ", items.Take(MaxListed))}{more}");
    }

    private static string Format(ImmutableArray<int> shape) => FloatTensor.FormatShape(shape.AsSpan());

    private static string Shorten(string name) => name.Length <= 100 ? name : string.Concat(name.AsSpan(0, 100), "...");
}
