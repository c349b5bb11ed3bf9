using System.Collections.Immutable;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>A tensor of a PyTorch checkpoint: a view of a storage, contiguous or not.</summary>
internal sealed class TorchTensor
{
    private const int MaxRank = 16;

    /// <summary>A view with more elements than its storage repeats some (stride 0); beyond this many that is no weight.</summary>
    private const int MaxExpandedElements = 1 << 20;

    private readonly TorchStorage _storage;
    private readonly long _offset;
    private readonly long[] _strides;
    private readonly int _elementCount;

    /// <exception cref="DataFormatException">The view reaches outside its storage.</exception>
    public TorchTensor(TorchStorage storage, long offset, IReadOnlyList<long> sizes, IReadOnlyList<long> strides, string source)
    {
        _storage = storage;
        _offset = offset;
        _strides = [.. strides];
        if (sizes.Count != strides.Count || sizes.Count > MaxRank)
            throw Impossible();
        Shape = [.. sizes.Select(size => size is >= 0 and <= int.MaxValue ? (int)size : -1)];
        if (!FloatTensor.TryCountElements(Shape.AsSpan(), out _elementCount))
            throw Impossible();

        Int128 last = offset;
        for (int axis = 0; axis < sizes.Count; axis++)
        {
            if (_strides[axis] < 0)
                throw Impossible();
            last += (Int128)(sizes[axis] - 1) * _strides[axis];
        }
        bool isInside = _elementCount == 0 || last < storage.ElementCount;
        if (offset < 0 || !isInside || (_elementCount > storage.ElementCount && _elementCount > MaxExpandedElements))
            throw Impossible();

        DataFormatException Impossible() => new(
            $"{source}: a tensor of shape [{string.Join(", ", sizes.Take(MaxRank))}] does not lie within its storage of {storage.ElementCount} values.");
    }

    public ImmutableArray<int> Shape { get; }

    /// <summary>The storage class of a tensor that is not floating point, otherwise null.</summary>
    public string? ForeignType => _storage.Type.Type is null ? _storage.Type.Name : null;

    /// <summary>Reads the values, in C order whatever their order in the storage.</summary>
    /// <exception cref="DataFormatException">The storage is missing or shorter than announced.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not floating point: see <see cref="ForeignType"/>.</exception>
    public FloatTensor ToFloatTensor()
    {
        if (_storage.Type.Type is not { } type || _storage.Read is null)
            throw new InvalidOperationException("Only floating-point tensors can be read.");
        float[] values = new float[_elementCount];
        if (_elementCount > 0)
        {
            ReadOnlySpan<byte> bytes = _storage.Read().Span;
            if (IsContiguous())
                TensorElements.Read(bytes[checked((int)(_offset * TensorElements.SizeOf(type)))..], type, values);
            else
                Gather(bytes, type, values);
        }
        return new FloatTensor(Shape.AsSpan(), values);
    }

    private bool IsContiguous()
    {
        long expected = 1;
        for (int axis = Shape.Length - 1; axis >= 0; axis--)
        {
            if (Shape[axis] != 1 && _strides[axis] != expected)
                return false;
            expected *= Shape[axis];
        }
        return true;
    }

    private void Gather(ReadOnlySpan<byte> bytes, FloatFormat type, float[] values)
    {
        int size = TensorElements.SizeOf(type);
        int[] index = new int[Shape.Length];
        long position = _offset;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = TensorElements.Read(bytes[(int)(position * size)..], type);
            for (int axis = Shape.Length - 1; axis >= 0; axis--)
            {
                position += _strides[axis];
                if (++index[axis] < Shape[axis])
                    break;
                position -= _strides[axis] * Shape[axis];
                index[axis] = 0;
            }
        }
    }
}
