using System.Buffers.Binary;

namespace TrtVocoder.Files;

/// <summary>A WAV file's fmt chunk, and how its bytes become samples.</summary>
internal sealed record WavEncoding(int ChannelCount, int SampleRate, int SampleBytes, bool IsFloat)
{
    private const int Pcm = 1;
    private const int Float = 3;
    private const int Extensible = 0xFFFE;
    private const int MaxChannels = 256;
    private const int MinSampleRate = 1000;
    private const int MaxSampleRate = 768_000;

    public int FrameBytes => ChannelCount * SampleBytes;

    public override string ToString() => IsFloat ? $"{8 * SampleBytes}-bit float" : $"{8 * SampleBytes}-bit PCM";

    // The sub-format of an extensible header is the format tag followed by this GUID tail.
    private static ReadOnlySpan<byte> SubFormatTail => [0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    public static WavEncoding Parse(ReadOnlySpan<byte> format, string name)
    {
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(format);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        int blockAlign = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        if (tag == Extensible)
        {
            if (format.Length < 40 || !format.Slice(26, 14).SequenceEqual(SubFormatTail))
                throw new DataFormatException($"{name} has an extensible header with an unknown sub-format; convert it to PCM WAV.");
            tag = BinaryPrimitives.ReadUInt16LittleEndian(format[24..]);
        }
        if (tag is not (Pcm or Float))
            throw new DataFormatException($"{name} holds {NameOf(tag)}, which is not supported; convert it to PCM or float WAV.");
        if (channels is 0 or > MaxChannels)
            throw new DataFormatException($"{name} says it has {channels} channels; 1 to {MaxChannels} are supported.");
        if (rate is < MinSampleRate or > MaxSampleRate)
            throw new DataFormatException($"{name} says its sample rate is {rate} Hz; {MinSampleRate} to {MaxSampleRate} are supported.");

        // 12 or 20 valid bits lie in the upper end of 2 or 3 bytes, so that the container's size is all there is to know.
        int bytes = (bits + 7) / 8;
        bool isSupported = tag == Pcm ? bytes is >= 1 and <= 4 : bits is 32 or 64;
        if (!isSupported)
            throw new DataFormatException($"{name} holds {(tag == Pcm ? "integer" : "float")} samples of {bits} bits; PCM of 8 to 32 bits and float of 32 or 64 are supported.");
        if (blockAlign != channels * bytes)
            throw new DataFormatException($"{name} contradicts itself: {channels} channels of {bits} bits make {channels * bytes} bytes, its header says {blockAlign}.");
        return new WavEncoding(channels, (int)rate, bytes, tag == Float);
    }

    public void Decode(ReadOnlySpan<byte> bytes, Span<float> samples)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            ReadOnlySpan<byte> sample = bytes.Slice(i * SampleBytes, SampleBytes);
            samples[i] = (IsFloat, SampleBytes) switch
            {
                (false, 1) => (sample[0] - 128) / 128f,
                (false, 2) => BinaryPrimitives.ReadInt16LittleEndian(sample) / 32768f,
                (false, 3) => ((sample[0] << 8) | (sample[1] << 16) | (sample[2] << 24)) / 2147483648f,
                (false, _) => BinaryPrimitives.ReadInt32LittleEndian(sample) / 2147483648f,
                (true, 4) => BinaryPrimitives.ReadSingleLittleEndian(sample),
                (true, _) => (float)BinaryPrimitives.ReadDoubleLittleEndian(sample),
            };
        }
    }

    private static string NameOf(int tag) => tag switch
    {
        2 or 0x11 => "ADPCM",
        6 => "A-law samples",
        7 => "mu-law samples",
        0x50 or 0x55 => "MPEG audio",
        0xFF or 0x1600 => "AAC",
        _ => $"audio of format 0x{tag:X4}",
    };
}
