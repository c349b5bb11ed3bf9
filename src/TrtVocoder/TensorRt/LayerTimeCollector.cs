using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>TensorRT's profiler for the contexts of one decoder: takes the layer times of each run and hands them on. One thread at a time.</summary>
internal sealed class LayerTimeCollector : IDisposable
{
    private const int Capacity = 256;
    private readonly ProfilerHandle _handle;
    private readonly DecodeProfiler _profiler;
    private readonly List<string> _names = [];
    private readonly int[] _layers = new int[Capacity];
    private readonly float[] _times = new float[Capacity];

    /// <summary>Makes the profiler.</summary>
    public unsafe LayerTimeCollector(Shim shim, DecodeProfiler profiler)
    {
        nint made;
        shim.Check(shim.Api.trtv_profiler_create(&made), "Making a profiler");
        _handle = new ProfilerHandle(shim, made);
        _profiler = profiler;
    }

    /// <summary>Lets it hear of a context's runs.</summary>
    public void Attach(TrtExecutionContext context) => context.SetLayerProfiler(_handle);

    /// <summary>Takes the times of the run that is done. Those of a run before measuring began are given up.</summary>
    public unsafe void Collect(TrtBindings bindings, bool discard = false)
    {
        bindings.ReportLayers();
        TrtvShim api = _handle.Shim.Api;
        int count;
        do
        {
            fixed (int* layers = _layers)
            fixed (float* times = _times)
                _handle.Shim.Check(api.trtv_profiler_take(_handle.DangerousGetHandle(), layers, times, Capacity, &count), "Taking layer times");
            for (int i = 0; i < count && !discard; i++)
                _profiler.AddLayer(GetName(_layers[i]), _times[i]);
        }
        while (count == Capacity);
    }

    public void Dispose() => _handle.Dispose();

    private unsafe string GetName(int layer)
    {
        while (_names.Count <= layer)
        {
            byte* name;
            _handle.Shim.Check(_handle.Shim.Api.trtv_profiler_get_layer_name(_handle.DangerousGetHandle(), _names.Count, &name), "Asking for a layer's name");
            _names.Add(Marshal.PtrToStringUTF8((nint)name) ?? "");
        }
        return _names[layer];
    }
}
