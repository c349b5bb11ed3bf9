using TrtVocoder.Bindings;

namespace TrtVocoder.TensorRt;

/// <summary>Why TensorRT's builder made no engine, from what it said: that alone tells a network that it cannot build from a machine that cannot build.</summary>
internal static class BuilderRefusal
{
    private const string Mark = "TensorRT says: ";

    // Lists of fused layers run to kilobytes.
    private const int MaxWords = 600;

    /// <summary>The exception for a failure of making the builder, or of the build.</summary>
    /// <param name="library">Whose builder.</param>
    /// <param name="source">The model's name.</param>
    /// <param name="status">The shim's status.</param>
    /// <param name="isBuild">Whether the build itself failed.</param>
    public static TrtVocoderException CreateException(TensorRtLibrary library, string source, int status, bool isBuild)
    {
        string message = library.Shim.GetLastMessage().Trim();
        int mark = message.IndexOf(Mark, StringComparison.Ordinal);
        string words = mark < 0 ? message : message[(mark + Mark.Length)..];
        if ((trtv_status)status != trtv_status.TRTV_ERROR_TENSORRT)
            return library.Shim.CreateException(status, isBuild ? $"{source}: building the engine" : $"Starting the builder of {library.DisplayName}");
        string said = Shorten(words);
        if (Says(message, "Unable to load library"))
        {
            return new NativeLibraryException(
                "TensorRT's builder resources",
                $"{library.DisplayName} cannot build engines here: {said}; install the builder's resource library of this very version (libnvinfer_builder_resource…, part of NVIDIA's packages), "
                    + $"or put it beside {library.Path}.", []);
        }
        if (Says(message, "OutOfMemory", "out of memory", "insufficient workspace", "cudaErrorMemoryAllocation"))
        {
            return new TensorRtException(
                $"{source}: memory ran out while {library.DisplayName} built it: {said}; take a smaller largest shape, limit the scratch memory of its layers, or close other programs on the GPU.",
                status, words) { Kind = FailureKind.BuildOutOfMemory };
        }
        // A caller's mistake, or a GPU that is lost: no other form of the network would do better.
        if (!isBuild || Says(words, "API Usage Error", "Cuda Runtime", "Cuda Driver"))
            return library.Shim.CreateException(status, isBuild ? $"{source}: building the engine" : $"Starting the builder of {library.DisplayName}");
        return new TensorRtException($"{source}: {library.DisplayName} cannot build this network: {said}; {Advice}.", status, words) { Kind = FailureKind.NetworkRefused };
    }

    /// <summary>The exception for a network of which no form was built.</summary>
    public static TensorRtException CreateException(TensorRtLibrary library, string source, IReadOnlyList<TrtFormRefusal> refusals, TensorRtException last) =>
        refusals.Count == 1 ? last : new TensorRtException(
            $"{source}: {library.DisplayName} can build this network in none of its forms, {string.Join(", ", refusals.Select(refusal => $"{refusal.Form} ({Shorten(refusal.Words)})"))}; "
                + "try FP32, another optimisation level, or another version of TensorRT.",
            last.Status, last.Details) { Kind = FailureKind.NetworkRefused };

    private const string Advice =
        "if it was exported from a Vocos checkpoint, build that: its network is tried in several forms; else try another optimisation level, or another version of TensorRT";

    private static bool Says(string words, params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
            if (words.Contains(text, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private static string Shorten(string words)
    {
        words = words.TrimEnd('.', ' ');
        return words.Length <= MaxWords ? words : words[..MaxWords] + " …";
    }
}
