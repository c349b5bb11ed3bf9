using Microsoft.ML.OnnxRuntime;

namespace TrtVocoder.OnnxRuntime;

/// <summary>A decoder's tensors bound to a session for one shape.</summary>
internal sealed class ShapeBinding(OrtIoBinding binding, int batch, int frames) : IDisposable
{
    private readonly List<OrtValue> _tensors = new(3);

    public OrtIoBinding Binding { get; } = binding;

    public int Batch { get; } = batch;

    public int Frames { get; } = frames;

    /// <summary>Samples that a waveform model puts out for each item; −1 until it has run.</summary>
    public int Samples { get; set; }

    /// <summary>Binds an input and takes the tensor over.</summary>
    public void BindInput(string name, OrtValue tensor)
    {
        _tensors.Add(tensor);
        Binding.BindInput(name, tensor);
    }

    /// <summary>Binds an output and takes the tensor over.</summary>
    public void BindOutput(string name, OrtValue tensor)
    {
        _tensors.Add(tensor);
        Binding.BindOutput(name, tensor);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Binding.Dispose();
        foreach (OrtValue tensor in _tensors)
            tensor.Dispose();
    }
}
