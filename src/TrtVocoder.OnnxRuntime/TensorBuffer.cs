using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Internal;

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

    /// <summary>Whether room for so many elements is elsewhere.</summary>
    /// <exception cref="TrtVocoderException">There cannot be so many.</exception>
    public bool MustMove(long count, string source) => count <= int.MaxValue
        ? count > Capacity
        : throw new TrtVocoderException($"{source}: one run would need a tensor of {count} values; decode in shorter windows.")
        {
            Kind = FailureKind.RunTooLarge,
        };

    /// <summary>Makes room; where that moves the memory, what was there is lost, and no tensor may be left over it.</summary>
    public void Reserve(long count, string source)
    {
        if (!MustMove(count, source))
            return;
        Free();
        _values = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), Alignment);
        if (type == TensorElementType.Float16)
            _halves = (Half*)NativeMemory.AlignedAlloc((nuint)count * (nuint)sizeof(Half), Alignment);
        Capacity = (int)count;
    }

    /// <summary>A tensor over the memory that the model sees; the caller disposes it before the memory goes.</summary>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="first">Where in the memory it begins, in elements.</param>
    public OrtValue CreateTensor(long[] shape, int first = 0)
    {
        long count = 1;
        foreach (long length in shape)
            count *= length;
        (nint address, int size) = _halves is null ? ((nint)_values, sizeof(float)) : ((nint)_halves, sizeof(Half));
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, address + (first * size), count * size);
    }

    /// <summary>Converts what the caller wrote for the model.</summary>
    public void ToModel(int count)
    {
        if (_halves is not null)
            HalfConversion.ToHalf(Values(count), new Span<Half>(_halves, count));
    }

    /// <summary>Converts what the model wrote for the caller.</summary>
    public void FromModel(int count)
    {
        if (_halves is not null)
            HalfConversion.ToSingle(new ReadOnlySpan<Half>(_halves, count), Values(count));
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
