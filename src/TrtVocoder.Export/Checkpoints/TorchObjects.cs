using System.Globalization;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// The few Python names that PyTorch's tensors are pickled with (torch/_utils.py, torch/serialization.py). Every other name is refused.
/// </summary>
internal sealed class TorchObjects(string source) : IPickleObjects
{
    private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);

    private enum Function
    {
        OrderedDict,
        RebuildTensor,
        RebuildParameter,
        Size,

        /// <summary>What training keeps beside the tensors, of which nothing is made but an empty thing.</summary>
        Beside,
    }

    // Settings, versions, counts and rates in checkpoints of training; whole packages end in a dot.
    private static readonly HashSet<string> Beside = new(StringComparer.Ordinal)
    {
        "argparse.Namespace", "collections.Counter", "collections.defaultdict", "copy_reg._reconstructor", "copyreg._reconstructor",
        "_codecs.encode", "torch.device", "torch.dtype", "torch.float16", "torch.float32", "torch.float64", "torch.bfloat16", "torch.int64",
        "torch.torch_version.TorchVersion", "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
        "pathlib.", "omegaconf.", "pytorch_lightning.", "lightning.", "lightning_fabric.", "typing.Any",
    };

    private static readonly string[] BuiltIn = ["dict", "list", "set", "frozenset", "tuple", "int", "float", "str", "bool", "object",
        "complex"];

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
            ("builtins" or "__builtin__", _) when BuiltIn.Contains(name, StringComparer.Ordinal) => Function.Beside,
            _ when Beside.Contains($"{module}.{name}") || Beside.Contains(module.Split('.')[0] + ".") => Function.Beside,
            _ => throw Refuse(source, module, name),
        };
    }

    /// <summary>The refusal of a name that no tensor needs.</summary>
    public static DataFormatException Refuse(string source, string module, string name)
    {
        (module, name) = (PrintableText.Name(module), PrintableText.Name(name));
        // Names that tell which program made the file.
        string what = module switch
        {
            _ when module.StartsWith("numpy", StringComparison.Ordinal) =>
                "a pickle of NumPy arrays; weights are saved by torch.save(model.state_dict(), …), mels by numpy.save",
            _ when module.StartsWith("sklearn", StringComparison.Ordinal)
                || module.StartsWith("joblib", StringComparison.Ordinal) => "a model of scikit-learn",
            _ when module.StartsWith("pandas", StringComparison.Ordinal) => "a table of pandas",
            _ when module.StartsWith("keras", StringComparison.Ordinal)
                || module.StartsWith("tensorflow", StringComparison.Ordinal) => "a model of TensorFlow",
            _ => "no part of a tensor",
        };
        return new DataFormatException(
            $"{source} is refused: {module}.{name} is {what}. Nothing was run; save the model's state_dict() alone.");
    }

    // A tensor's view takes some 1,000 bytes, an entry of a dictionary some 100.
    public int GetCost(object? callable, object?[] arguments) => (callable, arguments) switch
    {
        (Function.OrderedDict, [List<object?> pairs]) => pairs.Count,
        (Function.RebuildTensor or Function.Beside, _) => 16,
        _ => 0,
    };

    public object Reduce(object? callable, object?[] arguments) => (callable, arguments) switch
    {
        (Function.OrderedDict, []) => new PickleDictionary(),
        (Function.OrderedDict, [List<object?> pairs]) => ToDictionary(pairs),
        // storage, offset, size, stride; then what only training needs.
        (Function.RebuildTensor, [TorchStorage storage, long offset, object?[] sizes, object?[] strides, ..]) =>
            new TorchTensor(storage, offset, ToSizes(sizes), ToSizes(strides), source),
        (Function.RebuildParameter, [TorchTensor tensor, ..]) => tensor,
        (Function.Size, [object?[] sizes]) => sizes,
        (Function.Beside, _) => new PickleDictionary(),
        _ => throw Malformed(),
    };

    public object GetPersistent(object? id)
    {
        if (id is not object?[] fields)
            throw Malformed();
        if (fields is ["module", ..])
            throw new DataFormatException(
                $"{source} is refused: it holds a whole module with its program; save the model's state_dict() alone.");
        // tag, type, key, device, number of values; the old form adds a view of another storage, which PyTorch stopped writing in 2017.
        if (fields is not (["storage", TorchStorageType, string, string, long] or ["storage", TorchStorageType, string, string, long,
            null]))
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

    private long[] ToSizes(object?[] values)
    {
        if (values.Length > TorchTensor.MaxRank)
            throw Malformed();
        long[] sizes = new long[values.Length];
        for (int axis = 0; axis < sizes.Length; axis++)
            sizes[axis] = values[axis] is long size ? size : throw Malformed();
        return sizes;
    }

    private DataFormatException Malformed() =>
        new(string.Create(CultureInfo.InvariantCulture,
            $"{source} is damaged or no checkpoint: a tensor in it is not described the way PyTorch does."));
}
