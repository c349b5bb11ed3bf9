using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>The inputs of a prepared run beside its mel: written when a shape is set, and left alone from then on.</summary>
internal sealed class ExtraInputs(CudaContext cuda, IReadOnlyList<(ExtraInput Input, TrtTensor Tensor)> inputs) : IDisposable
{
    private readonly DeviceBuffer<byte>?[] _memory = new DeviceBuffer<byte>?[inputs.Count];

    /// <summary>Sets shapes and values, and points the context to them.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public void Set(TrtExecutionContext context, int batch, int frames)
    {
        if (inputs.Count == 0)
            return;
        using CudaStream stream = CudaStream.Create(cuda);
        for (int i = 0; i < inputs.Count; i++)
        {
            (ExtraInput input, TrtTensor tensor) = inputs[i];
            long[] shape = input.ShapeFor(batch, frames);
            float[] values = new float[shape.Aggregate(1L, (count, size) => count * size)];
            Array.Fill(values, input.ValueFor(frames));
            context.SetInputShape(tensor, shape);
            _memory[i]?.Dispose();
            _memory[i] = null;
            _memory[i] = TensorBytes.Upload(stream, tensor.DataType, values);
            context.SetAddress(tensor, _memory[i]!.Address);
        }
    }

    /// <summary>Frees the memory; what was enqueued must be done.</summary>
    public void Dispose()
    {
        foreach (DeviceBuffer<byte>? buffer in _memory)
            buffer?.Dispose();
    }
}
