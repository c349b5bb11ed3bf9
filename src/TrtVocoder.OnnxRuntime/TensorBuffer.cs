using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Internal;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// Unmanaged memory for one tensor, as float32 for the caller and, where the model wants another type or order, as that beside it.
/// It never moves while a run reads or writes it, and only grows.
/// </summary>
/// <param name="type">float32, float16, float64 or int16.</param>
/// <param name="isTransposed">Whether the model wants the last two axes the other way round than the caller.</param>
internal sealed unsafe class TensorBuffer(TensorElementType type, bool isTransposed = false) : IDisposable
{
    private const nuint Alignment = 64;
    private float* _values;
    private void* _own;

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
        if (type != TensorElementType.Float || isTransposed)
            _own = NativeMemory.AlignedAlloc((nuint)count * (nuint)ElementSize, Alignment);
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
        return OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, type, shape, (_own is null ? (nint)_values : (nint)_own) + (first * ElementSize), count * ElementSize);
    }

    /// <summary>Brings what the caller wrote into the model's type and order.</summary>
    /// <param name="items">Items.</param>
    /// <param name="rows">Rows of an item as the caller wrote it.</param>
    /// <param name="columns">Columns of an item as the caller wrote it.</param>
    public void ToModel(int items, int rows, int columns)
    {
        if (_own is null)
            return;
        int size = rows * columns;
        if (!isTransposed)
        {
            Narrow(Values(items * size));
            return;
        }
        for (int item = 0; item < items; item++)
            for (int column = 0; column < columns; column++)
                for (int row = 0; row < rows; row++)
                    Set((item * size) + (column * rows) + row, _values[(item * size) + (row * columns) + column]);
    }

    /// <summary>Converts what the model wrote for the caller.</summary>
    public void FromModel(int count)
    {
        Span<float> values = Values(count);
        switch (type)
        {
            case TensorElementType.Float16:
                HalfConversion.ToSingle(new ReadOnlySpan<Half>(_own, count), values);
                break;
            case TensorElementType.Double:
                TensorConversion.ToSingle(new ReadOnlySpan<double>(_own, count), values);
                break;
            case TensorElementType.Int16:
                TensorConversion.ToSingle(new ReadOnlySpan<short>(_own, count), values);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Free();

    private int ElementSize => TensorConversion.SizeOf(type);

    private void Narrow(ReadOnlySpan<float> values)
    {
        if (type == TensorElementType.Float16)
            HalfConversion.ToHalf(values, new Span<Half>((Half*)_own, values.Length));
        else
            TensorConversion.ToDouble(values, new Span<double>((double*)_own, values.Length));
    }

    private void Set(int index, float value)
    {
        switch (type)
        {
            case TensorElementType.Float16:
                ((Half*)_own)[index] = (Half)value;
                break;
            case TensorElementType.Double:
                ((double*)_own)[index] = value;
                break;
            default:
                ((float*)_own)[index] = value;
                break;
        }
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_values);
        NativeMemory.AlignedFree(_own);
        _values = null;
        _own = null;
        Capacity = 0;
    }
}
