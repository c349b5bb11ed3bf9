using System.Text;
using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>A GPU as the driver describes it. Holds no resource; thread-safe.</summary>
internal sealed class CudaDevice
{
    private CudaDevice(int ordinal, int handle)
    {
        Ordinal = ordinal;
        Handle = handle;
        Name = ReadName(handle);
        MemoryBytes = ReadMemory(handle);
        ComputeCapability = new Version(
            Attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
            Attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
        IsIntegrated = Attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0;
        CanMapHostMemory = Attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY) != 0;
    }

    /// <summary>The GPU's number, from 0, in the order of CUDA_VISIBLE_DEVICES.</summary>
    public int Ordinal { get; }

    /// <summary>The GPU's name, e.g. <c>Orin</c>.</summary>
    public string Name { get; }

    /// <summary>The GPU's memory in bytes.</summary>
    public long MemoryBytes { get; }

    /// <summary>Compute capability, e.g. 8.7.</summary>
    public Version ComputeCapability { get; }

    /// <summary>Whether the GPU shares the host's memory (Jetson): then mapped buffers need no copy.</summary>
    public bool IsIntegrated { get; }

    /// <summary>Whether host memory can be mapped into the GPU's addresses.</summary>
    public bool CanMapHostMemory { get; }

    internal int Handle { get; }

    /// <summary>How many GPUs the driver shows.</summary>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver; the message lists every path tried.</exception>
    /// <exception cref="CudaException">The driver does not start, or finds no GPU.</exception>
    public static unsafe int GetCount()
    {
        Initialize();
        int count;
        CudaStatus.Check(CudaDriver.cuDeviceGetCount(&count), nameof(CudaDriver.cuDeviceGetCount));
        if (count == 0)
            CudaStatus.Check(CUresult.CUDA_ERROR_NO_DEVICE, nameof(CudaDriver.cuDeviceGetCount));
        return count;
    }

    /// <summary>The GPU of a number.</summary>
    /// <param name="ordinal">0 for the first.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver; the message lists every path tried.</exception>
    /// <exception cref="CudaException">The driver does not start, or finds no GPU of that number.</exception>
    public static unsafe CudaDevice Get(int ordinal = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ordinal);
        int count = GetCount();
        if (ordinal >= count)
        {
            throw new CudaException(
                nameof(CudaDriver.cuDeviceGet),
                (int)CUresult.CUDA_ERROR_INVALID_DEVICE,
                nameof(CUresult.CUDA_ERROR_INVALID_DEVICE),
                $"There is no GPU {ordinal}: this machine has {count} {(count == 1 ? "GPU" : "GPUs")}, numbered from 0; choose one of them.") { Kind = FailureKind.NoSuchGpu };
        }
        int handle;
        CudaStatus.Check(CudaDriver.cuDeviceGet(&handle, ordinal), nameof(CudaDriver.cuDeviceGet));
        return new CudaDevice(ordinal, handle);
    }

    /// <summary>The highest CUDA version that the driver supports, e.g. 12.6.</summary>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver; the message lists every path tried.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static unsafe Version GetDriverVersion()
    {
        NativeLibraries.Require(LibraryLoader.Cuda);
        int version;
        CudaStatus.Check(CudaDriver.cuDriverGetVersion(&version), nameof(CudaDriver.cuDriverGetVersion));
        return new Version(version / 1000, version % 1000 / 10);
    }

    /// <summary>Name, compute capability and memory, e.g. <c>Orin (compute capability 8.7, 61 GiB)</c>.</summary>
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{Name} (compute capability {ComputeCapability}, {Math.Round(MemoryBytes / (double)(1 << 30))} GiB)");

    private static void Initialize()
    {
        NativeLibraries.Require(LibraryLoader.Cuda);
        // Not once for ever: a driver that was busy or hidden may come back. It costs nothing when done already.
        CudaStatus.Check(CudaDriver.cuInit(0), nameof(CudaDriver.cuInit));
    }

    private static unsafe string ReadName(int handle)
    {
        const int Capacity = 256;
        byte* name = stackalloc byte[Capacity];
        CudaStatus.Check(CudaDriver.cuDeviceGetName(name, Capacity, handle), nameof(CudaDriver.cuDeviceGetName));
        ReadOnlySpan<byte> bytes = new(name, Capacity);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static unsafe long ReadMemory(int handle)
    {
        nuint bytes;
        CudaStatus.Check(CudaDriver.cuDeviceTotalMem_v2(&bytes, handle), nameof(CudaDriver.cuDeviceTotalMem_v2));
        return (long)bytes;
    }

    private unsafe int Attribute(CUdevice_attribute attribute)
    {
        int value;
        CudaStatus.Check(CudaDriver.cuDeviceGetAttribute(&value, attribute, Handle), nameof(CudaDriver.cuDeviceGetAttribute));
        return value;
    }
}
