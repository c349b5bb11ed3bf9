using System.Buffers.Binary;

namespace TrtVocoder.TestSupport;

/// <summary>Reads the golden clips: 16-bit mono PCM behind the plain header of 44 bytes.</summary>
public static class TestWav
{
    /// <summary>Samples, full scale 1.</summary>
    /// <exception cref="InvalidDataException">The file has another header.</exception>
    public static float[] ReadPcm16(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 44 || !file.AsSpan(36, 4).SequenceEqual("data"u8) || BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(34)) != 16)
            throw new InvalidDataException($"{path} is not 16-bit PCM with a plain header.");
        float[] samples = new float[BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(40)) / 2];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(44 + (2 * i))) / 32768f;
        return samples;
    }
}
