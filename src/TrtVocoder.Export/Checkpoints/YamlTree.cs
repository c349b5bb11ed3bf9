using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// A YAML document as maps and scalars, read from YamlDotNet's events. Its own tree builder recurses without a limit
/// and follows anchors, neither of which a stranger's file should be able to ask for.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Bytes of the longest document taken.</summary>
    public const int MaxLength = 1 << 16;

    private const int MaxDepth = 16;

    private readonly Dictionary<string, YamlTree>? _children;

    private YamlTree(string? scalar, bool isScalar, Dictionary<string, YamlTree>? children)
    {
        Scalar = scalar;
        IsScalar = isScalar;
        _children = children;
    }

    /// <summary>Whether this is a single value.</summary>
    public bool IsScalar { get; }

    /// <summary>The value's text; null for YAML's null and for what is not a single value.</summary>
    public string? Scalar { get; }

    /// <exception cref="DataFormatException">The text is not YAML, or is nested too deeply.</exception>
    public static YamlTree Parse(string text, string source)
    {
        if (text.Length > MaxLength)
            throw new DataFormatException($"{source} is longer than {MaxLength} characters; a Vocos config.yaml is not.");
        try
        {
            Parser parser = new(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
                throw new DataFormatException($"{source} is empty.");
            return ReadNode(parser, source, 0);
        }
        catch (Exception e) when (e is YamlException or ArgumentException or InvalidOperationException)
        {
            string where = e is YamlException yaml ? $" (line {yaml.Start.Line})" : "";
            throw new DataFormatException($"{source} is not YAML{where}.", e);
        }
    }

    /// <summary>Names of the children; none where this is no map.</summary>
    public IEnumerable<string> Names => _children?.Keys ?? Enumerable.Empty<string>();

    /// <summary>The child of that name, or null.</summary>
    public YamlTree? Find(string key) => _children?.GetValueOrDefault(key);

    /// <summary>All children; none for YAML's null.</summary>
    /// <exception cref="DataFormatException">This is not a map.</exception>
    public IReadOnlyDictionary<string, YamlTree> GetChildren(string name, string source)
    {
        if (_children is not null)
            return _children;
        return IsScalar && Scalar is null
            ? new Dictionary<string, YamlTree>()
            : throw new DataFormatException($"{source}: {name} is not a map of names to values.");
    }

    private static YamlTree ReadNode(Parser parser, string source, int depth)
    {
        if (depth > MaxDepth)
            throw new DataFormatException($"{source} is nested more than {MaxDepth} deep.");
        if (parser.TryConsume<Scalar>(out Scalar? scalar))
            return new YamlTree(IsNull(scalar) ? null : scalar.Value, true, null);
        if (parser.TryConsume<SequenceStart>(out SequenceStart? _))
        {
            // Nothing that is read here is a list; its place is kept so that a list where a value belongs can be named.
            while (!parser.TryConsume<SequenceEnd>(out SequenceEnd? _))
                ReadNode(parser, source, depth + 1);
            return new YamlTree(null, false, null);
        }
        if (!parser.TryConsume<MappingStart>(out MappingStart? _))
            throw new DataFormatException($"{source} uses YAML anchors, which a Vocos config.yaml does not; write the values out.");
        Dictionary<string, YamlTree> children = new(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out MappingEnd? _))
        {
            if (!parser.TryConsume<Scalar>(out Scalar? key))
                throw new DataFormatException($"{source}: a name in it is not a single word.");
            if (!children.TryAdd(key.Value, ReadNode(parser, source, depth + 1)))
                throw new DataFormatException($"{source}: '{key.Value}' occurs twice (line {key.Start.Line}).");
        }
        return new YamlTree(null, false, children);
    }

    private static bool IsNull(Scalar scalar) => scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" };
}
