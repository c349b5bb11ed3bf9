using System.Buffers.Binary;
using System.Text;
using TrtVocoder.Internal;

namespace TrtVocoder.Files;

/// <summary>
/// Reads and writes NumPy's .npy files: floating point of 16, 32 and 64 bits in either byte order, C and Fortran order; written are
/// little-endian float32 in C order. Safe for use by many threads.
/// </summary>
/// <remarks>Format: NumPy's documentation, numpy.lib.format, versions 1.0 to 3.0.</remarks>
public static class NpyFile
{
    private const int MaxHeaderBytes = 10_000; // NumPy's own limit.
    private const int BlockBytes = 1 << 16;
    private const int DefaultMaxBytes = 64 << 20;

    /// <summary>Reads an array.</summary>
    /// <exception cref="DataFormatException">The file is truncated, foreign or holds something other than floating point.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FloatTensor Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Read(stream, path);
    }

    /// <summary>Reads an array from a stream, which need not be seekable; what follows the array is not read.</summary>
    /// <param name="stream">Stands at the file's first byte.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The file is truncated, foreign or holds something other than floating point.</exception>
    public static FloatTensor Read(Stream stream, string name) => Read(stream, name, long.MaxValue);

    /// <summary>Reads an array from memory; what follows the array is not read.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The file is truncated, foreign or holds something other than floating point.</exception>
    public static unsafe FloatTensor Read(ReadOnlySpan<byte> bytes, string name)
    {
        fixed (byte* first = bytes)
        {
            using UnmanagedMemoryStream stream = new(first, bytes.Length);
            return Read(stream, name);
        }
    }

    /// <summary>
    /// Reads an array from a stream that is read to its end without blocking a thread, as a request's body must be.
    /// </summary>
    /// <param name="stream">Stands at the file's first byte.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <param name="maxBytes">The most bytes that are taken from the stream.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="DataFormatException">
    /// The file is truncated, foreign, holds something other than floating point, or has more than <paramref name="maxBytes"/> bytes.
    /// </exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<FloatTensor> ReadAsync(
        Stream stream, string name, int maxBytes = DefaultMaxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        // Grows with what really comes; one byte more tells that there is more.
        byte[] bytes = new byte[Math.Min(maxBytes, BlockBytes)];
        int count = 0;
        while (true)
        {
            int got = await stream.ReadAsync(bytes.AsMemory(count), cancellationToken).ConfigureAwait(false);
            if (got == 0)
                return Read(bytes.AsSpan(0, count), name);
            count += got;
            if (count > maxBytes)
                throw new DataFormatException($"{name} has more than {maxBytes} bytes, the most that are taken.");
            if (count == bytes.Length)
                Array.Resize(ref bytes, (int)Math.Min((long)maxBytes + 1, 2L * bytes.Length));
        }
    }

    /// <summary>Reads an array that takes no more than <paramref name="maxBytes"/> as float32.</summary>
    internal static FloatTensor Read(Stream stream, string name, long maxBytes)
    {
        NpyHeader header = ReadHeader(stream, name);
        if ((long)header.Count * sizeof(float) > maxBytes)
            throw new DataFormatException(
                $"{name} unpacks to {header.Count} values, far more than a file of this size should hold; save it by numpy.savez or "
                    + $"numpy.save, which do not compress.");
        int size = header.ElementType switch
        {
            "<f2" or ">f2" or "=f2" => 2,
            "<f4" or ">f4" or "=f4" => 4,
            "<f8" or ">f8" or "=f8" => 8,
            _ => throw new DataFormatException($"{name} holds values of type '{PrintableText.Name(header.ElementType)}', expected "
                + $"float16, float32 or float64 ('<f2', '<f4', '<f8')."),
        };
        bool isBigEndian = header.ElementType[0] == '>';
        float[] values = ReadValues(stream, header.Count, size, isBigEndian, name);
        return new FloatTensor(header.Shape, header.IsFortranOrder ? ToCOrder(values, header.Shape) : values);
    }

    /// <summary>Writes an array, wholly or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written, or exists and <paramref name="overwrite"/> is false.</exception>
    public static void Write(string path, FloatTensor tensor, bool overwrite) =>
        AtomicFile.Write(path, overwrite, stream => Write(stream, tensor));

    /// <summary>Writes an array to a stream, which need not be seekable.</summary>
    public static void Write(Stream stream, FloatTensor tensor)
    {
        string shape = string.Join(", ", tensor.Shape);
        string text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}{(tensor.Shape.Length == 1 ? "," : "")}), }}";
        // The values begin at a multiple of 64 bytes; the padding ends in a line feed.
        int length = ((10 + text.Length + 1 + 63) / 64 * 64) - 10;
        byte[] header = new byte[10 + length];
        NpyMagic.CopyTo(header);
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)length));
        Encoding.Latin1.GetBytes(text.PadRight(length - 1) + '\n', header.AsSpan(10));
        stream.Write(header);

        byte[] block = new byte[BlockBytes];
        ReadOnlySpan<float> values = tensor.Values;
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, BlockBytes / sizeof(float));
            for (int i = 0; i < count; i++)
                BinaryPrimitives.WriteSingleLittleEndian(block.AsSpan(i * sizeof(float)), values[i]);
            stream.Write(block, 0, count * sizeof(float));
            values = values[count..];
        }
    }

    private static ReadOnlySpan<byte> NpyMagic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads what an array is, and none of its values.</summary>
    internal static NpyHeader ReadHeader(Stream stream, string name)
    {
        Span<byte> head = stackalloc byte[12];
        int got = stream.ReadAtLeast(head[..8], 8, throwOnEndOfStream: false);
        if (got < 8 || !head[..6].SequenceEqual(NpyMagic))
            throw new DataFormatException(
                $"{name} is not a .npy file: it does not begin with \\x93NUMPY{FileContent.Describe(head[..got], name)}.");
        int lengthBytes = head[6] switch
        {
            1 => 2,
            2 or 3 => 4,
            _ => throw new DataFormatException($"{name} is a .npy file of version {head[6]}; versions 1 to 3 are supported."),
        };
        if (stream.ReadAtLeast(head.Slice(8, lengthBytes), lengthBytes, throwOnEndOfStream: false) < lengthBytes)
            throw new DataFormatException($"{name} is truncated within its header.");
        uint length = lengthBytes == 2
            ? BinaryPrimitives.ReadUInt16LittleEndian(head[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(head[8..]);
        if (length > MaxHeaderBytes)
            throw new DataFormatException($"{name} is not a usable .npy file: its header claims {length} bytes.");
        byte[] text = new byte[length];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length)
            throw new DataFormatException($"{name} is truncated within its header.");
        return NpyHeader.Parse(Encoding.UTF8.GetString(text), name);
    }

    // Grows with what is really there, so that a forged shape cannot claim memory.
    private static float[] ReadValues(Stream stream, int count, int size, bool isBigEndian, string name)
    {
        float[] values = new float[Math.Min(count, BlockBytes)];
        byte[] block = new byte[BlockBytes];
        int done = 0;
        while (done < count)
        {
            int wanted = Math.Min(count - done, BlockBytes / size);
            int got = stream.ReadAtLeast(block.AsSpan(0, wanted * size), wanted * size, throwOnEndOfStream: false);
            if (got < wanted * size)
                throw new DataFormatException($"{name} is truncated: its header promises {(long)count * size} bytes of values, "
                    + $"{((long)done * size) + got} are there.");
            if (done + wanted > values.Length)
                Array.Resize(ref values, (int)Math.Min(count, Math.Max(2L * values.Length, done + wanted)));
            Convert(block.AsSpan(0, got), values.AsSpan(done, wanted), size, isBigEndian);
            done += wanted;
        }
        return values;
    }

    private static void Convert(ReadOnlySpan<byte> bytes, Span<float> values, int size, bool isBigEndian)
    {
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> value = bytes.Slice(i * size, size);
            values[i] = (size, isBigEndian) switch
            {
                (2, false) => (float)BinaryPrimitives.ReadHalfLittleEndian(value),
                (2, true) => (float)BinaryPrimitives.ReadHalfBigEndian(value),
                (4, false) => BinaryPrimitives.ReadSingleLittleEndian(value),
                (4, true) => BinaryPrimitives.ReadSingleBigEndian(value),
                (_, false) => (float)BinaryPrimitives.ReadDoubleLittleEndian(value),
                _ => (float)BinaryPrimitives.ReadDoubleBigEndian(value),
            };
        }
    }

    private static float[] ToCOrder(float[] fortran, int[] shape)
    {
        float[] values = new float[fortran.Length];
        int[] index = new int[shape.Length];
        for (int c = 0; c < values.Length; c++)
        {
            int offset = 0;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
                offset = (offset * shape[axis]) + index[axis];
            values[c] = fortran[offset];
            for (int axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--)
                index[axis] = 0;
        }
        return values;
    }
}
