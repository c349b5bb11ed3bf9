using System.Runtime.InteropServices;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// ONNX Runtime's official builds report their use to Microsoft, from a thread of their own, unless told not to before they start. It is
/// told by an environment variable, which cannot be set safely while other threads' native code reads the environment: a host that has such
/// threads when it loads its first model sets ORT_DISABLE_TELEMETRY itself before it starts them.
/// </summary>
internal static partial class OnnxTelemetry
{
    /// <summary>The variable that ONNX Runtime asks for; a host that has set it, to whatever value, has decided.</summary>
    public const string Variable = "ORT_DISABLE_TELEMETRY";

    // Setting a variable races with other threads' native reads of the environment: so it is done once, and not at all where the host has
    // done it.
    private static readonly Lazy<bool> Off = new(() =>
    {
        // On Unix .NET keeps a copy of the environment, which native code does not see.
        if (OperatingSystem.IsWindows())
            Environment.SetEnvironmentVariable(Variable, Environment.GetEnvironmentVariable(Variable) ?? "1");
        else if (GetVariable(Variable) == 0)
            _ = SetVariable(Variable, "1", overwrite: 0);
        return true;
    });

    /// <summary>Turns the reports off; before the first call into ONNX Runtime.</summary>
    public static void TurnOff() => _ = Off.Value;

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
