using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using TrtVocoder.Files;
using TrtVocoder.Internal;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>The weights of a Vocos model and the config that gives them meaning. Immutable, so safe for use by many threads.</summary>
public sealed class VocosCheckpoint
{
    private const string ConfigName = "config.yaml";

    private static readonly string[] WeightsNames = ["model.safetensors", "pytorch_model.bin"];

    private readonly Lazy<string> _modelHash;

    /// <summary>Takes weights already in memory.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tensors">The state dict: every learned tensor, and the fixed ones if there are any.</param>
    /// <exception cref="DataFormatException">A tensor is missing, unknown, misshapen or holds a value that is not finite; all are listed.</exception>
    public VocosCheckpoint(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> tensors)
        : this(config, tensors, "The checkpoint", [])
    {
    }

    private VocosCheckpoint(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> stateDict, string source, IReadOnlyList<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(stateDict);
        Config = config;
        StateDictCheck check = new(config, source);
        foreach ((string name, FloatTensor tensor) in stateDict)
            check.Add(name, tensor.Shape);
        check.ThrowIfWrong();
        Tensors = Select(stateDict, VocosWeights.GetWeightShapes(config));
        Buffers = Select(stateDict, VocosWeights.GetBufferShapes(config));
        RefuseNonFinite(Tensors, source);
        Warnings = [.. warnings, .. check.Warnings, .. BufferCheck.Describe(config, Buffers, source)];
        _modelHash = new Lazy<string>(ComputeHash);
    }

    /// <summary>The model's sizes.</summary>
    public VocosConfig Config { get; }

    /// <summary>The learned tensors by their names in the state dict: <see cref="VocosWeights.GetWeightShapes"/>.</summary>
    public IReadOnlyDictionary<string, FloatTensor> Tensors { get; }

    /// <summary>The fixed tensors that the file held, which follow from the config: <see cref="VocosWeights.GetBufferShapes"/>.</summary>
    public IReadOnlyDictionary<string, FloatTensor> Buffers { get; }

    /// <summary>What a user should know although the weights can be used, a sentence each: unrelated tensors, a window or mel filter bank that the config does not imply.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// SHA-256 in lower-case hexadecimal over the learned tensors in the ordinal order of their names: for each the name's UTF-8 length and bytes,
    /// the number of axes and their sizes (all 32-bit little-endian), and the values as little-endian float32. So the same weights have the same hash
    /// in any file format.
    /// </summary>
    public string ModelHash => _modelHash.Value;

    /// <summary>Reads a checkpoint.</summary>
    /// <param name="path">A folder with <c>config.yaml</c> and <c>model.safetensors</c> or else <c>pytorch_model.bin</c>; or a weights file with a config.yaml beside it.</param>
    /// <exception cref="DataFormatException">A file is missing, malformed, of another kind, or does not fit the config.</exception>
    public static VocosCheckpoint Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        bool isFile = File.Exists(path);
        if (!isFile && !Directory.Exists(path))
            throw new DataFormatException($"{path} does not exist; expected a folder with {ConfigName} and {string.Join(" or ", WeightsNames)}.");
        string folder = isFile ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        string configPath = Path.Combine(folder, ConfigName);
        if (!File.Exists(configPath))
            throw new DataFormatException($"{folder} holds no {ConfigName}, which gives the weights their meaning; put the model's own beside them.");
        string weightsPath = isFile
            ? path
            : WeightsNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
                ?? throw new DataFormatException($"{folder} holds no weights: expected {string.Join(" or ", WeightsNames)}.");

        try
        {
            VocosConfig config = VocosConfigReader.Read(configPath);
            if (new FileInfo(weightsPath).Length > Array.MaxLength)
                throw new DataFormatException($"{weightsPath} is larger than 2 GB; no Vocos weights are.");
            return FromBytes(config, File.ReadAllBytes(weightsPath), weightsPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>config.yaml</c> and <c>model.safetensors</c>; the folder is made if it is missing.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="precision">As in <see cref="SaveSafetensors"/>.</param>
    /// <param name="overwrite">Whether existing files are replaced.</param>
    /// <exception cref="DataFormatException">A weight does not fit float16.</exception>
    /// <exception cref="IOException">A file exists, or cannot be written.</exception>
    public void Save(string folder, FloatFormat precision = FloatFormat.F32, bool overwrite = false)
    {
        Directory.CreateDirectory(folder);
        byte[] config = Encoding.UTF8.GetBytes(VocosConfigWriter.Write(Config));
        AtomicFile.Write(Path.Combine(folder, ConfigName), overwrite, stream => stream.Write(config));
        SaveSafetensors(Path.Combine(folder, WeightsNames[0]), precision, overwrite);
    }

    /// <summary>Writes the weights as one <c>.safetensors</c> file, with the names that PyTorch's <c>load_state_dict</c> wants.</summary>
    /// <param name="path">The file.</param>
    /// <param name="precision"><see cref="FloatFormat.F32"/>, or <see cref="FloatFormat.F16"/> for half the size. Windows and filter bank stay F32.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="DataFormatException">A weight does not fit float16.</exception>
    /// <exception cref="IOException">The file exists, or cannot be written; nothing is left behind.</exception>
    public void SaveSafetensors(string path, FloatFormat precision = FloatFormat.F32, bool overwrite = false)
    {
        Dictionary<string, FloatTensor> tensors = new(Tensors.Concat(Buffers), StringComparer.Ordinal);
        // "format: pt" is what the loaders of the model hub look for.
        SafetensorsFile.Write(
            path,
            tensors,
            name => Tensors.ContainsKey(name) ? precision : FloatFormat.F32,
            new Dictionary<string, string> { ["format"] = "pt" },
            overwrite);
    }

    /// <summary>Reads weights in any of the three forms, told apart by their first bytes.</summary>
    internal static VocosCheckpoint FromBytes(VocosConfig config, byte[] file, string source)
    {
        if (file.AsSpan().StartsWith("version https://git-lfs"u8))
            throw new DataFormatException($"{source} is a git-lfs pointer, not the weights themselves; fetch them with git lfs pull.");
        // A safetensors header is JSON after 8 bytes of length, so it cannot be mistaken for a zip file or a pickle.
        bool isSafetensors = file.Length > 8 && file[8] == (byte)'{';
        if (isSafetensors || source.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return new VocosCheckpoint(config, SafetensorsFile.Read(file, source).Tensors, source, []);
        if (!TorchFile.IsTorchFile(file))
            throw new DataFormatException($"{source} is neither a file of torch.save nor of safetensors.");

        // Shapes are compared before any value is read, so a stranger's file decides no allocation.
        StateDictCheck check = new(config, source);
        Dictionary<string, TorchTensor> wanted = new(StringComparer.Ordinal);
        foreach ((string name, TorchTensor tensor) in TorchFile.Read(file, source))
            if (check.Add(name, tensor.Shape, tensor.ForeignType))
                wanted.Add(name, tensor);
        check.ThrowIfWrong();
        return new VocosCheckpoint(config, wanted.ToDictionary(pair => pair.Key, pair => pair.Value.ToFloatTensor()), source, check.Warnings);
    }

    private static Dictionary<string, FloatTensor> Select(
        IReadOnlyDictionary<string, FloatTensor> stateDict, IReadOnlyList<KeyValuePair<string, ImmutableArray<int>>> shapes)
    {
        Dictionary<string, FloatTensor> selected = new(StringComparer.Ordinal);
        foreach ((string name, _) in shapes)
            if (stateDict.TryGetValue(name, out FloatTensor? tensor))
                selected.Add(name, tensor);
        return selected;
    }

    private static void RefuseNonFinite(IReadOnlyDictionary<string, FloatTensor> tensors, string source)
    {
        foreach ((string name, FloatTensor tensor) in tensors)
        {
            foreach (float value in tensor.Values)
                if (!float.IsFinite(value))
                    throw new DataFormatException($"{source}: '{name}' holds {(float.IsNaN(value) ? "NaN" : "an infinite value")}; these weights cannot be used.");
        }
    }

    private string ComputeHash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[1 << 16];
        foreach ((string name, FloatTensor tensor) in Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            byte[] nameBytes = Encoding.UTF8.GetBytes(name);
            AppendInteger(nameBytes.Length);
            hash.AppendData(nameBytes);
            AppendInteger(tensor.Shape.Length);
            foreach (int size in tensor.Shape)
                AppendInteger(size);
            for (ReadOnlySpan<float> rest = tensor.Values; rest.Length > 0;)
            {
                int count = Math.Min(rest.Length, block.Length / sizeof(float));
                for (int i = 0; i < count; i++)
                    BinaryPrimitives.WriteSingleLittleEndian(block.AsSpan(i * sizeof(float)), rest[i]);
                hash.AppendData(block, 0, count * sizeof(float));
                rest = rest[count..];
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void AppendInteger(int value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
