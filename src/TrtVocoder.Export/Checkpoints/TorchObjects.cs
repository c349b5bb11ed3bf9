using System.Globalization;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>The few Python names that PyTorch's tensors are pickled with (torch/_utils.py, torch/serialization.py). Every other name is refused.</summary>
internal sealed class TorchObjects(string source) : IPickleObjects
{
    private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);

    private enum Function
    {
        OrderedDict,
        RebuildTensor,
        RebuildParameter,
        Size,
    }

    /// <summary>Every storage that the pickle spoke of, by its key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    public object GetGlobal(string module, string name)
    {
        if (module == "torch" && TorchStorageType.All.TryGetValue(name, out TorchStorageType? type))
            return type;
        return (module, name) switch
        {
            ("collections", "OrderedDict") => Function.OrderedDict,
            ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2") => Function.RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Function.RebuildParameter,
            ("torch", "Size") => Function.Size,
            _ => throw new DataFormatException(
                $"{source} is refused: {module}.{name} is no part of a tensor. Nothing was run; save the model's state_dict() alone."),
        };
    }

    public object Reduce(object? callable, object?[] arguments) => (callable, arguments) switch
    {
        (Function.OrderedDict, []) => new PickleDictionary(),
        (Function.OrderedDict, [List<object?> pairs]) => ToDictionary(pairs),
        // storage, offset, size, stride; then what only training needs.
        (Function.RebuildTensor, [TorchStorage storage, long offset, object?[] sizes, object?[] strides, ..]) =>
            new TorchTensor(storage, offset, ToIntegers(sizes), ToIntegers(strides), source),
        (Function.RebuildParameter, [TorchTensor tensor, ..]) => tensor,
        (Function.Size, [object?[] sizes]) => sizes,
        _ => throw Malformed(),
    };

    public object GetPersistent(object? id)
    {
        if (id is not object?[] fields)
            throw Malformed();
        if (fields is ["module", ..])
            throw new DataFormatException($"{source} is refused: it holds a whole module with its program; save the model's state_dict() alone.");
        // tag, type, key, device, number of values; the old form adds a view of another storage, which PyTorch stopped writing in 2017.
        if (fields is not (["storage", TorchStorageType, string, string, long] or ["storage", TorchStorageType, string, string, long, null]))
            throw Malformed();
        TorchStorageType type = (TorchStorageType)fields[1]!;
        string key = (string)fields[2]!;
        long count = (long)fields[4]!;
        if (count < 0 || count > Array.MaxLength / type.ElementSize)
            throw Malformed();

        if (!_storages.TryGetValue(key, out TorchStorage? storage))
            _storages.Add(key, storage = new TorchStorage(type, key, count));
        return storage.Type == type && storage.ElementCount == count ? storage : throw Malformed();
    }

    private PickleDictionary ToDictionary(List<object?> pairs)
    {
        PickleDictionary dictionary = new();
        foreach (object? pair in pairs)
        {
            (object? key, object? value) = pair switch
            {
                object?[] and [var first, var second] => (first, second),
                List<object?> and [var first, var second] => (first, second),
                _ => throw Malformed(),
            };
            dictionary.Set(key, value);
        }
        return dictionary;
    }

    private long[] ToIntegers(object?[] values) => [.. values.Select(value => value is long number ? number : throw Malformed())];

    private DataFormatException Malformed() =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source} is damaged or no checkpoint: a tensor in it is not described the way PyTorch does."));
}
