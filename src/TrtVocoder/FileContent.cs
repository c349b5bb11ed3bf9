namespace TrtVocoder;

/// <summary>
/// Names what a wrong file really is, by its first bytes and its name: every reader's refusal ends in it. Nothing here decides whether a file is read.
/// Safe for use by many threads.
/// </summary>
internal static class FileContent
{
    /// <summary>Bytes of a file's beginning that <see cref="Describe"/> looks at; fewer are fine.</summary>
    public const int PrefixLength = 512;

    private const string ConvertFirst = "convert it to WAV first";
    private const string SaveByNumPy = "save a mel by numpy.save";

    /// <summary>What a file is and what to do with it, as the end of a sentence; empty where its bytes tell nothing.</summary>
    /// <param name="start">Its first bytes.</param>
    /// <param name="name">Its name, where it has one.</param>
    /// <returns>E.g. <c>; it is a page of HTML: the download went wrong, fetch the file itself</c>.</returns>
    public static string Describe(ReadOnlySpan<byte> start, string name = "")
    {
        string? words = OfBytes(start) ?? OfText(start) ?? OfName(name);
        return words is null ? "" : $"; it is {words}";
    }

    private static string? OfBytes(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
            return "empty (0 bytes): copy or download it again";
        if (start.StartsWith("version https://git-lfs"u8) || start.StartsWith("oid sha256:"u8))
            return "a git-lfs pointer, not the file itself: fetch that with git lfs pull";
        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8))
            return OfZip(start);
        if (start is [0x80, >= 1 and <= 5, ..])
            return "a Python pickle, as torch.save writes one: 'export' takes a Vocos checkpoint; " + SaveByNumPy;
        if (start is [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..])
            return "a .npy array";
        if (start.StartsWith("GGUF"u8) || start.StartsWith("ggml"u8) || start.StartsWith("lmgg"u8) || start.StartsWith("tjgg"u8))
            return "weights of llama.cpp or ggml (gguf), which are not read here";
        if (EngineMagic.IsEngine(start))
            return "a TensorRT engine";
        if (start.StartsWith("RIFF"u8) || start.StartsWith("RF64"u8) || start.StartsWith("BW64"u8))
            return start.Length < 12 || start[8..].StartsWith("WAVE"u8) ? "a WAV file" : "a RIFF file of another kind than WAV";
        if (OfSound(start) is { } sound)
            return $"{sound}: {ConvertFirst}";
        if (start is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return "an HDF5 file (Keras, MATLAB 7.3 or h5py): " + SaveByNumPy;
        if (start.StartsWith("MATLAB 5.0"u8))
            return "a MATLAB file: " + SaveByNumPy;
        if (start.Length > 8 && start[4..].StartsWith("TFL3"u8))
            return "a TensorFlow Lite model, which is not read here";
        if (start.Length > 8 && start[4..].StartsWith("ORTM"u8))
            return "a model in ONNX Runtime's own form (.ort): use the .onnx that it was made of";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return "compressed by gzip: unpack it first";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
            return "compressed by zstd: unpack it first";
        if (start.StartsWith("BZh"u8))
            return "compressed by bzip2: unpack it first";
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z']))
            return "compressed by xz: unpack it first";
        if (start is [(byte)'7', (byte)'z', 0xBC, 0xAF, ..])
            return "a 7z archive: unpack it first";
        if (start.Length > 262 && start[257..].StartsWith("ustar"u8))
            return "a tar archive: unpack it first";
        if (start.StartsWith("\u007FELF"u8))
            return "a program or a native library";
        if (start is [0x89, (byte)'P', (byte)'N', (byte)'G', ..])
            return "a picture (PNG)";
        if (start.StartsWith("%PDF"u8))
            return "a PDF document";
        if (start.Length > 8 && start[8] == (byte)'{' && start[7] == 0 && start[6] == 0)
            return "a .safetensors file";
        return start.IndexOfAnyExcept((byte)0) < 0 ? "nothing but zeros here: the copy or download was not finished" : null;
    }

    // The first entry's name stands at byte 30 of a zip file.
    private static string OfZip(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> names = start.Length > 30 ? start[30..] : default;
        if (names.IndexOf("constants.pkl"u8) >= 0 || names.IndexOf("/code/"u8) >= 0)
            return "a TorchScript program, not weights: save the model's state_dict()";
        if (names.IndexOf("/data.pkl"u8) >= 0 || names.IndexOf("/.format_version"u8) >= 0 || names.IndexOf("/byteorder"u8) >= 0)
            return "a file of torch.save: 'export' takes a Vocos checkpoint with its config.yaml; " + SaveByNumPy;
        return names.IndexOf(".npy"u8) >= 0 ? "an .npz file of NumPy arrays" : "a zip archive: unpack it first";
    }

    private static string? OfSound(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("fLaC"u8))
            return "FLAC";
        if (start.StartsWith("OggS"u8))
            return "Ogg";
        if (start.StartsWith("ID3"u8) || start is [0xFF, 0xFB or 0xF3 or 0xF2 or 0xFA, ..])
            return "MP3";
        if (start.StartsWith("FORM"u8))
            return "AIFF";
        if (start.StartsWith("caff"u8))
            return "a Core Audio file";
        if (start.StartsWith(".snd"u8))
            return "an AU file";
        if (start.Length > 8 && start[4..].StartsWith("ftyp"u8))
            return "an MP4 file (AAC or the like)";
        return start.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) ? "a Matroska or WebM file" : null;
    }

    private static string? OfText(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? start[3..] : start;
        text = text.TrimStart(" \t\r\n"u8);
        if (IsNamed(text, "<!doctype html"u8) || IsNamed(text, "<html"u8))
            return "a page of HTML: the download went wrong, fetch the file itself (of a hub's page, the 'raw' or 'resolve' link)";
        if (text.StartsWith("<?xml"u8) || text.StartsWith("<"u8))
            return "XML, perhaps a server's error message: the download went wrong, fetch the file itself";
        if (text.IndexOf("\"weight_map\""u8) >= 0)
            return "the index of sharded weights: join the shards into one file, e.g. by safetensors.torch.save_file";
        if (text.StartsWith("{"u8) || text.StartsWith("["u8))
            return "JSON text";
        return text.IndexOf("feature_extractor:"u8) >= 0 || text.IndexOf("class_path:"u8) >= 0 ? "a config.yaml: the weights are another file" : null;
    }

    private static string? OfName(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".pb" or ".h5" or ".keras" or ".tflite" => "a model of TensorFlow by its name: convert it to ONNX first",
        ".mp3" or ".flac" or ".ogg" or ".opus" or ".m4a" => $"compressed sound by its name: {ConvertFirst}",
        ".txt" or ".csv" => "text by its name: " + SaveByNumPy,
        _ => null,
    };

    private static bool IsNamed(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lowerCase)
    {
        if (text.Length < lowerCase.Length)
            return false;
        for (int i = 0; i < lowerCase.Length; i++)
            if ((text[i] is >= (byte)'A' and <= (byte)'Z' ? text[i] | 0x20 : text[i]) != lowerCase[i])
                return false;
        return true;
    }
}
