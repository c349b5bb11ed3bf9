using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// Unmanaged memory for one tensor, as float32 for the caller and, where the model wants float16, as float16 beside it.
/// It never moves while a run reads or writes it, and only grows.
/// </summary>
internal sealed unsafe class TensorBuffer(TensorElementType type) : IDisposable
{
    private const nuint Alignment = 64;
    private float* _values;
    private Half* _halves;

    /// <summary>Elements there is room for.</summary>
    public int Capacity { get; private set; }

    /// <summary>The first <paramref name="count"/> elements.</summary>
    public Span<float> Values(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Capacity);
        return new Span<float>(_values, count);
    }

    /// <summary>Makes room; what was there is lost.</summary>
    /// <returns>Whether the memory moved.</returns>
    public bool Reserve(long count, string source)
    {
        if (count <= Capacity)
            return false;
        if (count > int.MaxValue)
            throw new TrtVocoderException($"{source}: one run would need a tensor of {count} values; decode in smaller chunks (VocoderOptions.MaxWindowFrames).");
        Free();
        _values = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), Alignment);
        if (type == TensorElementType.Float16)
            _halves = (Half*)NativeMemory.AlignedAlloc((nuint)count * (nuint)sizeof(Half), Alignment);
        Capacity = (int)count;
        return true;
    }

    /// <summary>A tensor over the memory that the model sees; the caller disposes it before the memory goes.</summary>
    public OrtValue CreateTensor(long[] shape)
    {
        long count = TensorPrimitives.Product<long>(shape);
        (nint address, int size) = _halves is null ? ((nint)_values, sizeof(float)) : ((nint)_halves, sizeof(Half));
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, address, count * size);
    }

    /// <summary>Converts what the caller wrote for the model.</summary>
    public void ToModel(int count)
    {
        if (_halves is not null)
            TensorPrimitives.ConvertToHalf(Values(count), new Span<Half>(_halves, count));
    }

    /// <summary>Converts what the model wrote for the caller.</summary>
    public void FromModel(int count)
    {
        if (_halves is not null)
            TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(_halves, count), Values(count));
    }

    /// <inheritdoc/>
    public void Dispose() => Free();

    private void Free()
    {
        NativeMemory.AlignedFree(_values);
        NativeMemory.AlignedFree(_halves);
        _values = null;
        _halves = null;
        Capacity = 0;
    }
}
