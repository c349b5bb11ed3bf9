using System.Runtime.InteropServices;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>Values as an engine's tensors hold them, and back.</summary>
internal static class TensorBytes
{
    /// <summary>Bytes that so many elements take, of the widest type where the type is not read.</summary>
    public static long SizeOf(TrtDataType type, long count) => count * type switch
    {
        TrtDataType.Float or TrtDataType.Int32 => 4,
        TrtDataType.Half => 2,
        TrtDataType.Bool => 1,
        _ => 8,
    };

    /// <summary>Whether values of a type are written.</summary>
    public static bool IsKnown(TrtDataType type) =>
        type is TrtDataType.Float or TrtDataType.Half or TrtDataType.Int32 or TrtDataType.Int64 or TrtDataType.Bool;

    /// <summary>Copies values to an input on the GPU, and waits for it.</summary>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public static DeviceBuffer<byte> Upload(CudaStream stream, TrtDataType type, ReadOnlySpan<float> values)
    {
        int bytes = (int)Math.Max(1, SizeOf(type, values.Length));
        using PinnedBuffer<byte> host = new(stream.Context, bytes);
        Write(type, values, host.Span);
        DeviceBuffer<byte> device = new(stream.Context, bytes);
        try
        {
            stream.Copy(host, device, bytes);
            stream.Synchronize();
            return device;
        }
        catch
        {
            stream.Drain();
            device.Dispose();
            throw;
        }
    }

    /// <summary>Copies an output from the GPU, after all work of the stream.</summary>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public static float[] Download(CudaStream stream, TrtDataType type, DeviceBuffer<byte> device, int count)
    {
        float[] values = new float[count];
        if (count == 0)
            return values;
        int bytes = (int)SizeOf(type, count);
        using PinnedBuffer<byte> host = new(stream.Context, bytes);
        try
        {
            stream.Copy(device, host, bytes);
            stream.Synchronize();
        }
        catch
        {
            stream.Drain();
            throw;
        }
        if (type == TrtDataType.Half)
            Internal.HalfConversion.ToSingle(MemoryMarshal.Cast<byte, Half>(host.Span), values);
        else
            MemoryMarshal.Cast<byte, float>(host.Span).CopyTo(values);
        return values;
    }

    private static void Write(TrtDataType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            switch (type)
            {
                case TrtDataType.Float:
                    MemoryMarshal.Cast<byte, float>(bytes)[i] = values[i];
                    break;
                case TrtDataType.Half:
                    MemoryMarshal.Cast<byte, Half>(bytes)[i] = (Half)values[i];
                    break;
                case TrtDataType.Int32:
                    MemoryMarshal.Cast<byte, int>(bytes)[i] = (int)values[i];
                    break;
                case TrtDataType.Int64:
                    MemoryMarshal.Cast<byte, long>(bytes)[i] = (long)values[i];
                    break;
                default:
                    bytes[i] = values[i] != 0 ? (byte)1 : (byte)0;
                    break;
            }
        }
    }
}
