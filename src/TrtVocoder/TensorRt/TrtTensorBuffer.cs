using System.Runtime.InteropServices;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The memory of one tensor on both sides: pinned host memory and device memory with copies between them, or mapped memory that both
/// see. FP16 tensors have a third part, in FP32, for the host's side.
/// </summary>
internal sealed class TrtTensorBuffer(TrtTensor tensor, bool isMapped) : IDisposable
{
    private readonly int _elementBytes = tensor.DataType == TrtDataType.Half ? sizeof(ushort) : sizeof(float);
    private PinnedBuffer<byte>? _pinned;
    private DeviceBuffer<byte>? _device;
    private MappedBuffer<byte>? _mapped;
    private float[] _wide = [];
    private int _capacity;

    public TrtTensor Tensor => tensor;

    /// <summary>Where the engine reads or writes.</summary>
    public nint Address => isMapped ? _mapped!.DeviceAddress : _device!.Address;

    /// <summary>Makes room; the content is lost. True when the address changed.</summary>
    public bool Reserve(CudaContext context, int count)
    {
        if (count <= _capacity)
            return false;
        Dispose();
        // Doubling: lengths that creep up do not allocate each time.
        int capacity = Math.Max(count, (int)Math.Min(2L * _capacity, Array.MaxLength / _elementBytes));
        _capacity = 0;
        int bytes = checked(capacity * _elementBytes);
        try
        {
            if (isMapped)
            {
                _mapped = new MappedBuffer<byte>(context, bytes);
            }
            else
            {
                _pinned = new PinnedBuffer<byte>(context, bytes);
                _device = new DeviceBuffer<byte>(context, bytes);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        if (tensor.DataType == TrtDataType.Half)
            _wide = new float[capacity];
        _capacity = capacity;
        return true;
    }

    /// <summary>The first values as the host sees them.</summary>
    public Span<float> GetValues(int count) => tensor.DataType == TrtDataType.Half ? _wide.AsSpan(0, count) : MemoryMarshal.Cast<byte, float>(GetBytes())[..count];

    /// <summary>Bytes on the GPU, and of host memory that the GPU sees.</summary>
    public (long Device, long Host) MemoryBytes => (_device?.Length ?? 0, (_pinned?.Length ?? 0) + (_mapped?.Length ?? 0));

    /// <summary>Brings the host's values into the engine's type; <see cref="Upload"/> follows.</summary>
    public void Send(int count)
    {
        if (tensor.DataType == TrtDataType.Half)
            HalfConversion.ToHalf(_wide.AsSpan(0, count), MemoryMarshal.Cast<byte, Half>(GetBytes()));
    }

    /// <summary>Enqueues what brings the sent values to the engine.</summary>
    public void Upload(CudaStream stream, int count)
    {
        if (!isMapped)
            stream.Copy(_pinned!, _device!, count * _elementBytes);
    }

    /// <summary>Enqueues what brings the engine's values to the host; <see cref="Receive"/> follows when the stream is done.</summary>
    public void Download(CudaStream stream, int count)
    {
        if (!isMapped)
            stream.Copy(_device!, _pinned!, count * _elementBytes);
    }

    /// <summary>Makes downloaded values readable by <see cref="GetValues"/>.</summary>
    public void Receive(int count)
    {
        if (tensor.DataType == TrtDataType.Half)
            HalfConversion.ToSingle(MemoryMarshal.Cast<byte, Half>(GetBytes())[..count], _wide);
    }

    public void Dispose()
    {
        _pinned?.Dispose();
        _device?.Dispose();
        _mapped?.Dispose();
        (_pinned, _device, _mapped) = (null, null, null);
    }

    private Span<byte> GetBytes() => isMapped ? _mapped!.Span : _pinned!.Span;
}
