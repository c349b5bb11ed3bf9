using System.Runtime.InteropServices;

namespace TrtVocoder.TestSupport;

/// <summary>The simulated CUDA driver and TensorRT that the native build leaves, and their controls (tests/simulator/include).</summary>
public static unsafe class Simulator
{
    private static nint _cuda;

    /// <summary>The native build's folder: build/native, or what TRTV_TEST_NATIVE_DIR names.</summary>
    public static string NativeFolder { get; } = Environment.GetEnvironmentVariable("TRTV_TEST_NATIVE_DIR") ?? Path.Combine(TestPaths.Root, "build", "native");

    private static string Folder => Path.Combine(NativeFolder, "simulator");

    /// <summary>
    /// Points this process to the simulator, before anything looks for a GPU.
    /// </summary>
    /// <returns>Why it cannot be used, or null.</returns>
    public static string? Use()
    {
        if (_cuda != 0)
            return null;
        string[] needed =
        [
            Path.Combine(NativeFolder, "libtrtvocoder10.so"), Path.Combine(NativeFolder, "libtrtvocoder11.so"),
            Path.Combine(Folder, "libcuda.so.1"), Path.Combine(Folder, "libnvinfer.so.10"), Path.Combine(Folder, "libnvonnxparser.so.10"),
        ];
        if (needed.FirstOrDefault(file => !File.Exists(file)) is { } missing)
            return $"{missing} is missing: run './build.sh native'.";
        Environment.SetEnvironmentVariable("TRTV_SHIM_DIR", NativeFolder);
        Environment.SetEnvironmentVariable("TRTV_CUDA_DIR", Folder);
        Environment.SetEnvironmentVariable("TRTV_TENSORRT_DIR", Folder);
        _cuda = NativeLibrary.Load(Path.Combine(Folder, "libcuda.so.1"));
        return null;
    }

    /// <summary>Changes a setting.</summary>
    public static void Set(string setting, string value) => Call("trtv_sim_set", setting, value);

    /// <summary>Adds a fault, e.g. <c>cuMemAlloc_v2@2=2</c>.</summary>
    public static void Fault(string specification)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(specification);
        int result = ((delegate* unmanaged[Cdecl]<nint, int>)Export("trtv_sim_fault"))(text);
        Marshal.FreeCoTaskMem(text);
        if (result != 0)
            throw new ArgumentException($"The simulator does not know the fault '{specification}'.");
    }

    /// <summary>Settings, faults and counts as at the start.</summary>
    public static void Reset() => ((delegate* unmanaged[Cdecl]<void>)Export("trtv_sim_reset"))();

    /// <summary>Calls of a function since the last reset.</summary>
    public static long Calls(string function) => Query("trtv_sim_calls", function);

    /// <summary>A counter: <c>device_bytes</c>, <c>tensorrt_objects</c>, <c>violations</c>…</summary>
    public static long Count(string counter) => Query("trtv_sim_count", counter);

    /// <summary>The last rule broken; empty when none.</summary>
    public static string LastViolation => Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)Export("trtv_sim_last_violation"))()) ?? "";

    /// <summary>Everything alive in the driver and in TensorRT, for comparing before and after.</summary>
    public static string Live => string.Join(
        ", ",
        ((string[])["device_allocations", "host_allocations", "streams", "events", "graphs", "graph_execs", "modules", "context_references", "tensorrt_objects"])
            .Select(counter => $"{counter} {Count(counter)}"));

    /// <summary>Makes a context beside the GPU's primary one, as a host may have it; it is then the calling thread's current one.</summary>
    public static nint CreateContext(int device = 0)
    {
        nint context;
        int result = ((delegate* unmanaged[Cdecl]<nint*, uint, int, int>)Export("cuCtxCreate_v2"))(&context, 0, device);
        return result == 0 ? context : throw new InvalidOperationException($"cuCtxCreate_v2 gave {result}.");
    }

    /// <summary>Destroys it.</summary>
    public static void DestroyContext(nint context) => _ = ((delegate* unmanaged[Cdecl]<nint, int>)Export("cuCtxDestroy_v2"))(context);

    private static nint Export(string name) => _cuda != 0 ? NativeLibrary.GetExport(_cuda, name) : throw new InvalidOperationException("Use comes first.");

    private static long Query(string function, string name)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        long result = ((delegate* unmanaged[Cdecl]<nint, long>)Export(function))(text);
        Marshal.FreeCoTaskMem(text);
        return result;
    }

    private static void Call(string function, string first, string second)
    {
        nint one = Marshal.StringToCoTaskMemUTF8(first);
        nint two = Marshal.StringToCoTaskMemUTF8(second);
        int result = ((delegate* unmanaged[Cdecl]<nint, nint, int>)Export(function))(one, two);
        Marshal.FreeCoTaskMem(one);
        Marshal.FreeCoTaskMem(two);
        if (result != 0)
            throw new ArgumentException($"The simulator does not know '{first}' = '{second}'.");
    }
}
