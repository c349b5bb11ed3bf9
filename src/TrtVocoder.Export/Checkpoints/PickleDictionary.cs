namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// A Python dict or OrderedDict of a pickle. Only text keys are kept: what optimisers keep under numbers is of no use here.
/// </summary>
internal sealed class PickleDictionary
{
    private static readonly Dictionary<string, object?> Empty = [];

    private Dictionary<string, object?>? _items;

    /// <summary>Values by name; of equal names the last one stays, as in Python.</summary>
    public IReadOnlyDictionary<string, object?> Items => _items ?? Empty;

    public void Set(object? key, object? value)
    {
        if (key is string name)
            (_items ??= new(StringComparer.Ordinal))[name] = value;
    }
}
