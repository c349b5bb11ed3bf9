using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Files;

/// <summary>
/// The writing half of <see cref="WavFile"/>: the length is known beforehand, so that nothing has to be patched afterwards.
/// </summary>
internal static class WavWriter
{
    private const int BlockSamples = 8192;

    public static int Write(Stream stream, ReadOnlySpan<float> samples, int channelCount, int sampleRate, WavSampleFormat format)
    {
        byte[] header = Begin(samples, channelCount, sampleRate, format);
        stream.Write(header);
        byte[] block = new byte[BlockSamples * SizeOf(format)];
        int clipped = 0;
        while (!samples.IsEmpty)
        {
            ReadOnlySpan<float> part = samples[..Math.Min(samples.Length, BlockSamples)];
            clipped += Encode(part, block, format);
            stream.Write(block, 0, part.Length * SizeOf(format));
            samples = samples[part.Length..];
        }
        if (NeedsPad(header))
            stream.WriteByte(0);
        return clipped;
    }

    public static async Task<int> WriteAsync(
        Stream stream, ReadOnlyMemory<float> samples, int channelCount, int sampleRate, WavSampleFormat format,
        CancellationToken cancellationToken)
    {
        byte[] header = Begin(samples.Span, channelCount, sampleRate, format);
        await stream.WriteAsync(header, cancellationToken).ConfigureAwait(false);
        byte[] block = new byte[BlockSamples * SizeOf(format)];
        int clipped = 0;
        while (!samples.IsEmpty)
        {
            ReadOnlyMemory<float> part = samples[..Math.Min(samples.Length, BlockSamples)];
            clipped += Encode(part.Span, block, format);
            await stream.WriteAsync(block.AsMemory(0, part.Length * SizeOf(format)), cancellationToken).ConfigureAwait(false);
            samples = samples[part.Length..];
        }
        if (NeedsPad(header))
            await stream.WriteAsync(new byte[1], cancellationToken).ConfigureAwait(false);
        return clipped;
    }

    public static int WriteSamples(IBufferWriter<byte> writer, ReadOnlySpan<float> samples, WavSampleFormat format)
    {
        ThrowIfNotFinite(samples);
        int size = SizeOf(format), clipped = 0;
        while (!samples.IsEmpty)
        {
            ReadOnlySpan<float> part = samples[..Math.Min(samples.Length, BlockSamples)];
            clipped += Encode(part, writer.GetSpan(part.Length * size), format);
            writer.Advance(part.Length * size);
            samples = samples[part.Length..];
        }
        return clipped;
    }

    /// <summary>The header of so many samples a channel; of null, of sizes that mean "until the end".</summary>
    public static byte[] GetHeader(int channelCount, int sampleRate, WavSampleFormat format, int? length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        int size = SizeOf(format);
        long dataSize = (long)(length ?? 0) * channelCount * size;
        if (dataSize > uint.MaxValue - 1024)
            throw new DataFormatException(
                $"{(long)(length ?? 0) * channelCount} samples exceed the 4 GiB of a WAV file; write pcm16, or split the input.");
        return Header(channelCount, sampleRate, size, format == WavSampleFormat.IeeeFloat, length ?? -1,
            length is null ? uint.MaxValue : (uint)dataSize);
    }

    private static byte[] Begin(ReadOnlySpan<float> samples, int channelCount, int sampleRate, WavSampleFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length % channelCount, 0, nameof(channelCount));
        ThrowIfNotFinite(samples);
        return GetHeader(channelCount, sampleRate, format, samples.Length / channelCount);
    }

    private static void ThrowIfNotFinite(ReadOnlySpan<float> samples)
    {
        int bad = NonFinite.IndexOf(samples);
        if (bad >= 0)
            throw new DataFormatException(
                $"Sample {bad} is {samples[bad]}, which no WAV file should hold; the model or its input is at fault.");
    }

    private static int SizeOf(WavSampleFormat format) => format switch
    {
        WavSampleFormat.Pcm16 => 2,
        WavSampleFormat.Pcm24 => 3,
        WavSampleFormat.IeeeFloat => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    // A chunk of an odd size is followed by one byte; the size is the header's last field.
    private static bool NeedsPad(byte[] header) => BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(header.Length - 4)) % 2 == 1;

    // Floating point carries a fact chunk and the fmt extension's length, as the standard asks of every format but PCM.
    private static byte[] Header(int channels, int rate, int sampleSize, bool isFloat, int length, uint dataSize)
    {
        byte[] header = new byte[isFloat ? 58 : 44];
        Span<byte> rest = header;
        "RIFF"u8.CopyTo(rest);
        uint riffSize = dataSize == uint.MaxValue ? dataSize : (uint)(header.Length - 8) + dataSize + (dataSize % 2);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[4..], riffSize);
        "WAVEfmt "u8.CopyTo(rest[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(rest[16..], isFloat ? 18 : 16);
        BinaryPrimitives.WriteInt16LittleEndian(rest[20..], isFloat ? (short)3 : (short)1);
        BinaryPrimitives.WriteInt16LittleEndian(rest[22..], checked((short)channels));
        BinaryPrimitives.WriteInt32LittleEndian(rest[24..], rate);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[28..], (uint)((long)rate * channels * sampleSize));
        BinaryPrimitives.WriteInt16LittleEndian(rest[32..], checked((short)(channels * sampleSize)));
        BinaryPrimitives.WriteInt16LittleEndian(rest[34..], (short)(8 * sampleSize));
        if (isFloat)
        {
            "fact"u8.CopyTo(rest[38..]);
            BinaryPrimitives.WriteInt32LittleEndian(rest[42..], 4);
            BinaryPrimitives.WriteInt32LittleEndian(rest[46..], length);
        }
        Span<byte> data = rest[^8..];
        "data"u8.CopyTo(data);
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], dataSize);
        return header;
    }

    private static int Encode(ReadOnlySpan<float> samples, Span<byte> bytes, WavSampleFormat format)
    {
        int clipped = 0;
        if (format == WavSampleFormat.Pcm16)
        {
            Span<short> values = MemoryMarshal.Cast<byte, short>(bytes);
            Pcm16.Convert(samples, values);
            if (!BitConverter.IsLittleEndian)
                BinaryPrimitives.ReverseEndianness(values, values);
        }
        for (int i = 0; i < samples.Length; i++)
        {
            float sample = samples[i];
            if (format == WavSampleFormat.IeeeFloat)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes[(4 * i)..], sample);
                continue;
            }
            if (MathF.Abs(sample) > 1)
                clipped++;
            if (format == WavSampleFormat.Pcm16)
                continue;
            int value = (int)Math.Clamp(Math.Round(sample * 8388608.0), -8388608, 8388607);
            bytes[3 * i] = (byte)value;
            bytes[(3 * i) + 1] = (byte)(value >> 8);
            bytes[(3 * i) + 2] = (byte)(value >> 16);
        }
        return clipped;
    }
}
