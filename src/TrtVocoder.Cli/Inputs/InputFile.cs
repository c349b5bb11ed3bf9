namespace TrtVocoder.Cli.Inputs;

/// <summary>What a file holds, by its first bytes and, where these say nothing, by its name.</summary>
internal enum InputKind
{
    Unknown,
    Wav,
    Npy,
    Npz,
    Safetensors,
}

/// <summary>An input's bytes: a file or standard input.</summary>
internal sealed class InputFile
{
    private InputFile(string name, byte[] bytes)
    {
        Name = name;
        Bytes = bytes;
        Kind = Detect(bytes, name);
    }

    public string Name { get; }

    public byte[] Bytes { get; }

    public InputKind Kind { get; }

    public Stream Open() => new MemoryStream(Bytes, writable: false);

    /// <summary>Reads a whole file, or standard input for <c>-</c>.</summary>
    public static InputFile Read(string path)
    {
        if (path == OutputPath.Standard)
        {
            using Stream input = Console.OpenStandardInput();
            using MemoryStream copy = new();
            input.CopyTo(copy);
            return NotEmpty(new InputFile("standard input", copy.ToArray()));
        }
        ThrowIfMissing(path);
        try
        {
            return NotEmpty(new InputFile(path, File.ReadAllBytes(path)));
        }
        catch (UnauthorizedAccessException)
        {
            throw CliException.FileSystem($"{path} may not be read: permission denied.");
        }
        catch (IOException error) when (error.Message.Contains("2GB", StringComparison.Ordinal))
        {
            throw CliException.BadInput($"{path} is larger than 2 GiB, which is not supported; split it.");
        }
    }

    public static void ThrowIfMissing(string path)
    {
        if (Directory.Exists(path))
            throw CliException.FileSystem($"{path} is a folder; a file is expected here.");
        if (!File.Exists(path))
            throw CliException.FileSystem($"There is no file {path}.");
    }

    private static InputFile NotEmpty(InputFile file) =>
        file.Bytes.Length > 0 ? file : throw CliException.BadInput($"{file.Name} is empty (0 bytes); expected a WAV file or a mel.");

    private static InputKind Detect(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.StartsWith("RIFF"u8) || bytes.StartsWith("RF64"u8) || bytes.StartsWith("BW64"u8))
            return InputKind.Wav;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']))
            return InputKind.Npy;
        if (bytes.StartsWith("PK"u8))
            return InputKind.Npz;
        if (bytes.Length > 8 && bytes[8] == '{')
            return InputKind.Safetensors;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".wav" => InputKind.Wav,
            ".npy" => InputKind.Npy,
            ".npz" => InputKind.Npz,
            ".safetensors" => InputKind.Safetensors,
            _ => InputKind.Unknown,
        };
    }
}
