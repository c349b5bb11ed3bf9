using TrtVocoder.Vocoding;

namespace TrtVocoder.Architecture.Tests;

/// <summary>The assemblies as built keep to the tables of docs/architecture.md.</summary>
public sealed class LayerTests
{
    private static readonly LayerTable Table = LayerTable.Load();

    private static IEnumerable<string> Assemblies => Table.Assemblies;

    [TestCaseSource(nameof(Assemblies))]
    public void Types_use_only_layers_that_the_table_allows(string assembly)
    {
        using AssemblyUse use = new(PathOf(assembly));
        List<string> wrong = [];
        foreach ((string type, string space, IReadOnlySet<string> namespaces, IReadOnlySet<string> named) in use.Types())
        {
            if (!space.StartsWith("TrtVocoder", StringComparison.Ordinal))
                continue;
            if (Table.LayerOf(space) is not { } from)
            {
                wrong.Add($"{space}.{type} is of no layer");
                continue;
            }
            IEnumerable<LayerEdge> edges = namespaces.Where(name => name.StartsWith("TrtVocoder", StringComparison.Ordinal))
                .Select(name => new LayerEdge(from, Table.LayerOf(name) ?? name, IsByName: false))
                .Concat(named.Select(name => new LayerEdge(from, name, IsByName: true)));
            wrong.AddRange(edges.Distinct().Where(edge => !Table.Allows(edge)).Select(edge => $"{space}.{type} uses {edge.To}{(edge.IsByName ? " by name" : "")}"));
        }

        Assert.That(wrong, Is.Empty, "docs/architecture.md says who may use whom");
    }

    [TestCaseSource(nameof(Assemblies))]
    public void Assemblies_reference_only_what_the_table_allows(string assembly)
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        using AssemblyUse use = new(PathOf(assembly));
        IEnumerable<string> references = use.References.Where(name => !File.Exists(Path.Combine(framework, name + ".dll")));

        Assert.That(references, Is.SubsetOf(Table.PackagesOf(assembly)), "docs/architecture.md says which assemblies and packages each may reference");
    }

    [Test]
    public void Every_assembly_of_ours_is_in_the_table() => Assert.That(
        Directory.EnumerateFiles(AppContext.BaseDirectory, "TrtVocoder*.dll").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => !name.Contains("Test", StringComparison.Ordinal)),
        Is.EquivalentTo(Table.Assemblies));

    [Test]
    public void The_table_has_no_circle() => Assert.That(Table.InCircles(), Is.Empty);

    [Test]
    public void A_use_that_the_table_lacks_is_found()
    {
        LayerTable strict = LayerTable.Parse("| layer | may use | by name |\n|-|-|-|\n| `TrtVocoder` | | |\n| `TrtVocoder.Vocoding` | `TrtVocoder` | |\n| `TrtVocoder.Decoding` | | |\n");
        using AssemblyUse use = new(PathOf("TrtVocoder"));
        (_, _, IReadOnlySet<string> namespaces, IReadOnlySet<string> named) = use.Types().Single(type => type.Type == nameof(Vocoder));

        Assert.That(namespaces, Does.Contain("TrtVocoder.Decoding").And.Contain("TrtVocoder.TensorRt"));
        Assert.That(named, Is.EqualTo(new[] { "TrtVocoder.OnnxRuntime" }));
        Assert.That(strict.Allows(new LayerEdge("TrtVocoder.Vocoding", "TrtVocoder.Decoding", IsByName: false)), Is.False);
        Assert.That(strict.Allows(new LayerEdge("TrtVocoder.Vocoding", "TrtVocoder.OnnxRuntime", IsByName: true)), Is.False);
    }

    private static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");
}
