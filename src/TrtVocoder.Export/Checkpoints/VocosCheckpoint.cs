using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using TrtVocoder.Dsp;
using TrtVocoder.Files;
using TrtVocoder.Internal;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>The weights of a Vocos model and the config that gives them meaning. Immutable, so safe for use by many threads.</summary>
public sealed class VocosCheckpoint
{
    private const string ConfigName = "config.yaml";

    private static readonly string[] WeightsNames = ["model.safetensors", "pytorch_model.bin"];
    private static readonly string[] WeightsExtensions = [".safetensors", ".bin", ".pt", ".pth", ".ckpt"];

    /// <summary>
    /// What the values of all tensors may take: so much, and <see cref="MaxExpansion"/> times the file. Tensors may repeat values (stride
    /// 0) and share storages, and float32 is twice the size of what most files hold.
    /// </summary>
    private const long FreeValueBytes = 16 << 20;

    private const int MaxExpansion = 8;

    private static readonly VocosConfig UsualSizes = new()
    {
        SampleRate = 24000,
        FftLength = 1024,
        HopLength = 256,
        MelCount = 100,
        Padding = StftPadding.Center,
        Dim = 512,
        IntermediateDim = 1536,
        LayerCount = 8,
    };

    private readonly Lazy<string> _modelHash;

    /// <summary>Takes weights already in memory.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tensors">The state dict: every learned tensor, and the fixed ones if there are any.</param>
    /// <exception cref="DataFormatException">
    /// A tensor is missing, unknown, misshapen or holds a value that is not finite; all are listed.
    /// </exception>
    public VocosCheckpoint(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> tensors)
        : this(config, tensors, "The checkpoint", [])
    {
    }

    internal VocosCheckpoint(
        VocosConfig config, IReadOnlyDictionary<string, FloatTensor> stateDict, string source, IReadOnlyList<string> warnings)
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

    /// <summary>
    /// What a user should know although the weights can be used, a sentence each: unrelated tensors, a window or mel filter bank that the
    /// config does not imply.
    /// </summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// SHA-256 in lower-case hexadecimal over the learned tensors in the ordinal order of their names: for each the name's UTF-8 length and
    /// bytes, the number of axes and their sizes (all 32-bit little-endian), and the values as little-endian float32. So the same weights
    /// have the same hash in any file format.
    /// </summary>
    public string ModelHash => _modelHash.Value;

    /// <summary>Reads a checkpoint.</summary>
    /// <param name="path">
    /// A weights file (<c>.safetensors</c>, or torch.save's <c>.bin</c>, <c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>), or a folder with one. The
    /// config beside it, <c>config.yaml</c> or <c>config.json</c>, is read if it is a Vocos's; without one the sizes are those of the
    /// tensors, and <see cref="Warnings"/> tell what was assumed.
    /// </param>
    /// <param name="options">What the files may leave open; null for nothing.</param>
    /// <exception cref="DataFormatException">A file is missing, malformed, of another kind, or does not fit the config.</exception>
    public static VocosCheckpoint Load(string path, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CheckpointOptions();
        bool isFile = File.Exists(path);
        if (!isFile && !Directory.Exists(path))
            throw new DataFormatException(
                $"{path} does not exist; expected a folder with {ConfigName} and {string.Join(" or ", WeightsNames)}.");
        try
        {
            string weightsPath = isFile ? path : FindWeights(path);
            List<string> notes = [];
            ConfigSource? config = ReadConfig(weightsPath, options.ConfigPath, notes);
            return FromBytes(config, ReadWeights(weightsPath), weightsPath, options, notes);
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
    /// <param name="precision">
    /// <see cref="FloatFormat.F32"/>, or <see cref="FloatFormat.F16"/> for half the size. Windows and filter bank stay F32.
    /// </param>
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

    /// <summary>Reads weights of a known config.</summary>
    internal static VocosCheckpoint FromBytes(VocosConfig config, byte[] file, string source, IReadOnlyList<string>? notes = null) =>
        FromBytes(new ConfigSource(ConfigName, config, null), file, source, new CheckpointOptions(), notes ?? []);

    /// <summary>Reads weights in any of the three forms, told apart by their first bytes.</summary>
    internal static VocosCheckpoint FromBytes(
        ConfigSource? configSource, byte[] file, string source, CheckpointOptions options, IReadOnlyList<string> configNotes)
    {
        List<string> notes = [.. configNotes];
        // Names and shapes are compared before any value is read, so a stranger's file decides no allocation.
        IReadOnlyList<StateDictEntry> entries = StateDictLayout.Resolve(StateDictEntry.ReadAll(file, source), source, options.BandwidthId,
            notes);
        if (configSource?.Whole is null && entries.All(entry => entry.Name != "backbone.embed.weight"))
        {
            // What the file is told best by the check of a usual network.
            StateDictCheck usual = new(UsualSizes, source);
            foreach (StateDictEntry entry in entries)
                usual.Add(entry.Name, entry.Shape, entry.ForeignType);
            usual.ThrowIfWrong();
        }
        VocosConfig config = configSource?.Whole ?? (configSource?.Facts ?? new ConfigFacts()).Complete(entries, options, source, notes);
        StateDictCheck check = new(config, source, configSource?.Name ?? "own shapes");
        List<StateDictEntry> wanted = [.. entries.Where(entry => check.Add(entry.Name, entry.Shape, entry.ForeignType))];
        check.ThrowIfWrong();
        long bytes = wanted.Sum(entry => entry.ReadCount) * sizeof(float);
        if (bytes > FreeValueBytes + ((long)MaxExpansion * file.Length))
            throw new DataFormatException(
                $"{source}: its tensors repeat their values (stride 0) and would make {bytes} bytes of a file of {file.Length}; save them "
                    + $"contiguous, by tensor.contiguous().");
        return new VocosCheckpoint(config, wanted.ToDictionary(entry => entry.Name, entry => entry.Read()), source,
            [.. notes, .. check.Warnings]);
    }

    private static byte[] ReadWeights(string path)
    {
        WholeFile.ThrowIfNone(path);
        return new FileInfo(path).Length <= Array.MaxLength
            ? File.ReadAllBytes(path)
            : throw new DataFormatException($"{path} is larger than 2 GB; no Vocos weights are.");
    }

    private static ConfigSource? ReadConfig(string weightsPath, string? configPath, List<string> notes)
    {
        if (configPath is not null)
            return VocosConfigReader.ReadFile(configPath, notes)
                ?? throw new DataFormatException($"{configPath} is no config of a Vocos: it has neither feature_extractor, backbone "
                    + $"and head nor a transformers config's names.");
        string folder = Path.GetDirectoryName(weightsPath) ?? "";
        string stem = Path.GetFileNameWithoutExtension(weightsPath);
        List<string> folders = [folder];
        // Lightning keeps checkpoints one folder below the config of their training.
        if (Path.GetFileName(Path.GetFullPath(folder.Length == 0 ? "." : folder)) == "checkpoints")
            folders.Add(Path.Combine(folder, ".."));
        foreach (string place in folders)
            foreach (string name in (ReadOnlySpan<string>)[stem + ".yaml", stem + ".yml", stem + ".json", ConfigName, "config.yml",
                "config.json", "hparams.yaml"])
            {
                string path = Path.Combine(place, name);
                if (!File.Exists(path))
                    continue;
                if (VocosConfigReader.ReadFile(path, notes) is { } config)
                    return config;
                notes.Add($"{path} is passed over: it is the config of something else than a Vocos.");
            }
        return null;
    }

    private static string FindWeights(string folder)
    {
        if (WeightsNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } usual)
            return usual;
        string[] names = [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        string? index = Array.Find(names, name => name.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase));
        string[] weights = [.. names.Where(name => WeightsExtensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase))];
        if (index is not null)
            throw new DataFormatException(
                $"{folder} holds sharded weights ({index}); join the {weights.Length} shards into one {WeightsNames[0]}, e.g. by "
                    + $"safetensors.torch.save_file.");
        // Under any other name, where there is no doubt.
        return weights switch
        {
            [string only] => Path.Combine(folder, only),
            [] => throw new DataFormatException(
                $"{folder} holds no weights: expected {string.Join(" or ", WeightsNames)}, or one file of "
                    + $"{string.Join(", ", WeightsExtensions)}{Listed(names)}."),
            _ => throw new DataFormatException($"{folder} holds {weights.Length} files that may be the weights "
                + $"({string.Join(", ", weights.Take(6))}); give the file itself."),
        };

        static string Listed(string[] names) => names.Length == 0 ? "; it is empty" : $"; it has {string.Join(", ", names.Take(6))}";
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
            int bad = NonFinite.IndexOf(tensor.Values);
            if (bad >= 0)
                throw new DataFormatException($"{source}: '{name}' holds "
                    + $"{(float.IsNaN(tensor.Values[bad]) ? "NaN" : "an infinite value")}; these weights cannot be used.");
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
