using TrtVocoder.TestSupport;

namespace TrtVocoder.Architecture.Tests;

/// <summary>The tables of docs/architecture.md: who may use whom.</summary>
internal sealed class LayerTable
{
    private readonly Dictionary<string, HashSet<string>> _layers;
    private readonly Dictionary<string, HashSet<string>> _byName;
    private readonly Dictionary<string, HashSet<string>> _packages;

    private LayerTable(string markdown)
    {
        _layers = Read(markdown, "layer", 1);
        _byName = Read(markdown, "layer", 2);
        _packages = Read(markdown, "assembly", 1);
    }

    /// <summary>All layers, the longest name first: that of a type is the first that its namespace begins with.</summary>
    public IReadOnlyList<string> Layers => [.. _layers.Keys.OrderByDescending(name => name.Length)];

    public IReadOnlyCollection<string> Assemblies => _packages.Keys;

    public static LayerTable Load() => new(File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "architecture.md")));

    public static LayerTable Parse(string markdown) => new(markdown);

    /// <summary>The layer of a namespace; null where the table has none. The root's is the root alone, so that no new namespace falls to it.</summary>
    public string? LayerOf(string name) => Layers.FirstOrDefault(
        layer => name == layer || (layer.Contains('.', StringComparison.Ordinal) && name.StartsWith(layer + ".", StringComparison.Ordinal)));

    public bool Allows(LayerEdge edge) => edge.From == edge.To || (edge.IsByName ? _byName : _layers)[edge.From].Contains(edge.To);

    public IReadOnlySet<string> PackagesOf(string assembly) => _packages[assembly];

    /// <summary>Layers that can reach themselves by what the table allows.</summary>
    public IEnumerable<string> InCircles() => _layers.Keys.Where(layer => Reachable(layer).Contains(layer));

    private HashSet<string> Reachable(string layer)
    {
        HashSet<string> seen = [];
        Stack<string> next = new(_layers[layer]);
        while (next.TryPop(out string? name))
            if (seen.Add(name) && _layers.TryGetValue(name, out HashSet<string>? more))
                foreach (string other in more)
                    next.Push(other);
        return seen;
    }

    // A table's rows: the first cell's name, and the names in backquotes of another cell.
    private static Dictionary<string, HashSet<string>> Read(string markdown, string heading, int column)
    {
        Dictionary<string, HashSet<string>> rows = [];
        bool isInside = false;
        foreach (string line in markdown.Split('\n'))
        {
            string[] cells = [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];
            if (!line.StartsWith('|'))
                isInside = false;
            else if (cells[0] == heading)
                isInside = true;
            else if (isInside && cells[0].StartsWith('`'))
                rows.Add(cells[0].Trim('`'), [.. Names(cells[column])]);
        }
        return rows;
    }

    private static IEnumerable<string> Names(string cell) => cell.Split('`').Where((_, i) => i % 2 == 1);
}
