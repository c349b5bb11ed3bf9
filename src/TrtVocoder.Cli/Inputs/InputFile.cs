using TrtVocoder.Cli.Running;
using TrtVocoder.Internal;

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

    /// <summary>The beginning, which tells what a file is.</summary>
    public ReadOnlySpan<byte> Start => Bytes.AsSpan(0, Math.Min(Bytes.Length, FileContent.PrefixLength));

    public Stream Open() => new MemoryStream(Bytes, writable: false);

    /// <summary>Reads a whole file, or standard input for <c>-</c>.</summary>
    public static InputFile Read(string path)
    {
        if (path == OutputPath.Standard)
            return ReadStandard();
        ThrowIfMissing(path);
        try
        {
            return NotEmpty(new InputFile(path, ReadAll(path)));
        }
        catch (UnauthorizedAccessException error)
        {
            throw CliException.FileSystem($"{path} may not be read: permission denied.", error);
        }
        catch (IOException error) when (error.Message.Contains("2GB", StringComparison.Ordinal)
            || error.Message.Contains("too long", StringComparison.Ordinal))
        {
            throw CliException.BadInput($"{path} is larger than 2 GiB, which is not supported; split it.");
        }
        catch (IOException error)
        {
            throw CliException.FileSystem($"{path} cannot be read: {WriteFailure.Reason(error)}.", error);
        }
    }

    public static void ThrowIfMissing(string path)
    {
        if (path.Length == 0)
            throw CliException.FileSystem("There is no file with an empty name.");
        FileKind? kind = KindOf(path);
        if (kind == FileKind.Folder)
            throw CliException.FileSystem($"{path} is a folder; a file is expected here.");
        if (kind is null)
            throw CliException.FileSystem($"There is no file {path}{WhyNotFound(path)}.");
        if (kind is FileKind.Socket or FileKind.BlockDevice)
            throw CliException.FileSystem(
                $"{path} is a {(kind == FileKind.Socket ? "socket" : "block device")}; a file or a pipe is expected here.");
    }

    /// <summary>Why a file that is there may not be found, as the end of a sentence: .NET knows names of UTF-8 only.</summary>
    public static string WhyNotFound(string path) =>
        path.Contains('\uFFFD', StringComparison.Ordinal)
            ? ": the name holds bytes that are not UTF-8, which cannot be used here; rename it"
            : "";

    /// <summary>What a path leads to; null: nothing.</summary>
    public static FileKind? KindOf(string path)
    {
        try
        {
            return FileStatus.Of(path)?.Kind;
        }
        catch (IOException error)
        {
            throw CliException.FileSystem($"{path} cannot be read: {error.Message}.", error);
        }
    }

    private static InputFile ReadStandard()
    {
        const string Name = "Standard input";
        if (!Descriptors.IsInherited(Descriptors.Input))
            throw CliException.FileSystem($"{Name} is closed: there is nothing to read.");
        if (FileStatus.Of(Descriptors.Input)?.Kind == FileKind.Folder)
            throw CliException.FileSystem($"{Name} is a folder; a file or a pipe is expected there.");
        try
        {
            using Stream input = Console.OpenStandardInput();
            return NotEmpty(new InputFile("standard input", ReadStream(input)));
        }
        catch (IOException error) when (error.Message.Contains("too long", StringComparison.Ordinal))
        {
            throw CliException.BadInput($"{Name} holds more than 2 GiB, which is not supported; split it.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CliException.FileSystem($"{Name} cannot be read: {WriteFailure.Reason(error)}.", error);
        }
    }

    // A pipe's length is not known before its end.
    private static byte[] ReadAll(string path)
    {
        if (KindOf(path) == FileKind.Regular)
            return File.ReadAllBytes(path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return ReadStream(file);
    }

    // Of what is nothing that is read here its beginning says so; a device would go on for ever.
    private static byte[] ReadStream(Stream stream)
    {
        byte[] start = new byte[FileContent.PrefixLength];
        int got = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (got < start.Length || Detect(start, "") == InputKind.Unknown)
            return start[..got];
        using MemoryStream copy = new();
        copy.Write(start);
        stream.CopyTo(copy);
        return copy.ToArray();
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
