using System.Text.RegularExpressions;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// ONNX Runtime's messages without what only its own developers read: source files, line numbers, C++ signatures, the model's path.
/// </summary>
internal static partial class OnnxRuntimeMessage
{
    /// <summary>The reason alone, on one line: <c>Unsupported model IR version: 14, max supported IR version: 11</c>.</summary>
    public static string Reason(string message)
    {
        int end = message.AsSpan().IndexOfAny('\r', '\n');
        string line = end < 0 ? message : message[..end];
        string reason = Prefix().Replace(Location().Replace(line, " "), "").Trim();
        return reason.Length == 0 ? line : reason;
    }

    // "/onnxruntime_src/…/model.cc:181 onnxruntime::Model::Model(onnx::ModelProto&&, const PathString&) ", with one level of brackets in
    // the arguments.
    [GeneratedRegex(@"\s*\S+\.(?:cc|cpp|cxx|h|hpp|cu):\d+ (?:[^()]*\((?:[^()]|\([^()]*\))*\)(?: const)?(?::+|\s|$))?(?:\[with [^\]]*\]\s*)?")]
    private static partial Regex Location();

    [GeneratedRegex(@"^\[ErrorCode:\w+\] (?:Load model from .*? failed:\s*)?|^Exception during initialization:\s*")]
    private static partial Regex Prefix();
}
