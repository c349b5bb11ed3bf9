using System.Collections.Immutable;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>Compares a state dict's names and shapes with what a config asks for, and tells all differences in one message.</summary>
internal sealed class StateDictCheck
{
    /// <summary>More differences than this are counted, not listed.</summary>
    private const int MaxListed = 12;

    // What the network is made of. Other names (the discriminators of a training checkpoint) have nothing to do with decoding.
    private static readonly string[] OwnPrefixes = ["backbone.", "head."];

    private readonly string _source;
    private readonly string _configName;
    private readonly Dictionary<string, ImmutableArray<int>> _required;
    private readonly Dictionary<string, ImmutableArray<int>> _known;
    private readonly List<string> _unknown = [];
    private readonly List<string> _misshapen = [];
    private readonly List<string> _unknownNames = [];
    private int _foreignCount;
    private int _knownCount;

    /// <param name="config">What the state dict is compared with.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="configName">The config's, without its folder.</param>
    public StateDictCheck(VocosConfig config, string source, string configName = "config.yaml")
    {
        _source = source;
        _configName = configName;
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
            if (_unknownNames.Count < MaxListed)
                _unknownNames.Add(PrintableText.Name(name));
            if (OwnPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                _unknown.Add($"'{PrintableText.Name(name)}' {Format(shape)}");
            else
                _foreignCount++;
            return false;
        }
        _required.Remove(name);
        _knownCount++;
        if (foreignType is not null || !shape.AsSpan().SequenceEqual(expected.AsSpan()))
            _misshapen.Add($"'{name}' expected {Format(expected)}, found "
                + $"{Format(shape)}{(foreignType is null ? "" : $" of type {foreignType}")}");
        return true;
    }

    /// <exception cref="DataFormatException">Something is missing, unknown or misshapen.</exception>
    public void ThrowIfWrong()
    {
        if (_knownCount == 0)
            throw new DataFormatException(
                $"{_source} holds none of the weights of a Vocos model ({_required.Count} such as '{_required.Keys.First()}'){Foreign()}.");
        List<string> parts = [];
        AddPart(parts, "missing", [.. _required.Select(pair => $"'{pair.Key}' {Format(pair.Value)}")]);
        AddPart(parts, "misshapen", _misshapen);
        AddPart(parts, "not known", _unknown);
        if (parts.Count > 0)
            throw new DataFormatException($"{_source} does not fit its {_configName}: {string.Join("; ", parts)}.");
    }

    private static void AddPart(List<string> parts, string title, List<string> items)
    {
        if (items.Count == 0)
            return;
        string more = items.Count > MaxListed ? $" and {items.Count - MaxListed} more" : "";
        parts.Add($"{title}: {string.Join(", ", items.Take(MaxListed))}{more}");
    }

    // Whose weights they are, by names that such models are known for.
    private string Foreign()
    {
        if (_unknownNames.Count == 0)
            return "; it holds no tensors at all";
        string? maker = _unknownNames.Any(name => name.Contains("resblocks.", StringComparison.Ordinal)
            || name.Contains("conv_pre.", StringComparison.Ordinal)) ? "a HiFi-GAN or BigVGAN vocoder"
            : _unknownNames.Any(name => name.Contains("transformer_blocks.", StringComparison.Ordinal)
                || name.Contains("ema_model.", StringComparison.Ordinal)) ? "a text-to-speech model (F5-TTS or the like), not its vocoder"
            : _unknownNames.Any(name => name.Contains("encoder.", StringComparison.Ordinal)
                && _unknownNames.Any(other => other.Contains("decoder.", StringComparison.Ordinal)))
                ? "a neural codec or an encoder and decoder"
            : _unknownNames.Any(name => name.Contains("model.layers.", StringComparison.Ordinal)) ? "a language model"
            : null;
        return $"; it looks like {maker ?? "a checkpoint of another program"}: its names are "
            + $"'{string.Join("', '", _unknownNames.Take(3))}'";
    }

    private static string Format(ImmutableArray<int> shape) => FloatTensor.FormatShape(shape.AsSpan());
}
