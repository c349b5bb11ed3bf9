using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace TrtVocoder.TestSupport;

/// <summary>Reads golden vectors: little-endian float32 .npy files, C or Fortran order on disk, always C order in memory.</summary>
public static partial class NpyVectors
{
    /// <summary>Reads one array; <c>[1, 100, 3]</c> comes back with that shape, values in C order.</summary>
    /// <exception cref="InvalidDataException">The file is not a float32 .npy file.</exception>
    public static (int[] Shape, float[] Values) Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 12 || file[0] != 0x93 || !file.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
            throw new InvalidDataException($"{path} is not a .npy file.");
        int lengthBytes = file[6] == 1 ? 2 : 4;
        int headerLength = lengthBytes == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8)) : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8));
        int dataOffset = 8 + lengthBytes + headerLength;
        string header = Encoding.Latin1.GetString(file, 8 + lengthBytes, headerLength);
        if (!header.Contains("'<f4'", StringComparison.Ordinal))
            throw new InvalidDataException($"{path} does not hold little-endian float32: {header}");

        int[] shape = [.. ShapePattern().Match(header).Groups[1].Value
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(size => int.Parse(size, CultureInfo.InvariantCulture))];
        float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
        if (file.Length - dataOffset != values.Length * sizeof(float))
            throw new InvalidDataException($"{path} holds {file.Length - dataOffset} bytes of data, expected {values.Length * sizeof(float)}.");
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(dataOffset + (i * sizeof(float))));
        return (shape, header.Contains("'fortran_order': True", StringComparison.Ordinal) ? ToCOrder(values, shape) : values);
    }

    /// <summary>Reads only the values of one array, in C order.</summary>
    public static float[] ReadValues(string path) => Read(path).Values;

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

    [GeneratedRegex(@"'shape': \(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
