using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace TrtVocoder.Files;

/// <summary>The reading half of <see cref="WavFile"/>: one pass over a stream, every length bounded by what the stream really holds.</summary>
internal sealed class WavReader(Stream stream, string name)
{
    private const int FirstUnknownSize = 0x7FFF_F000; // SoX writes this and a little more into pipes; FFmpeg writes 0xFFFFFFFF.
    private const int MaxDataBytes = 0x7FFF_0000;
    private const int BlockBytes = 1 << 16;

    private readonly byte[] _scratch = new byte[64];
    private WavEncoding? _encoding;
    private long _size64 = -1;

    public WavAudio Read()
    {
        if (Fill(12) < 12 || !Is(8, "WAVE"u8) || !(Is(0, "RIFF"u8) || Is(0, "RF64"u8) || Is(0, "BW64"u8)))
            throw new DataFormatException($"{name} is not a WAV file: it does not begin with RIFF and WAVE{Seen()}.");
        uint riffSize = BinaryPrimitives.ReadUInt32LittleEndian(_scratch.AsSpan(4));
        bool isStreamed = riffSize is 0 or >= FirstUnknownSize;
        while (true)
        {
            int got = Fill(8);
            if (got < 8)
                throw new DataFormatException($"{name} is truncated: it ends before its data chunk.");
            string chunk = Encoding.Latin1.GetString(_scratch, 0, 4);
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(_scratch.AsSpan(4));
            switch (chunk)
            {
                case "fmt ":
                    ReadFormat(size);
                    break;
                case "ds64" when size is >= 24 and <= 1024:
                    ReadSizes64(size);
                    break;
                case "data":
                    return ReadData(size, isStreamed);
                default:
                    Skip(chunk, size + (long)(size % 2));
                    break;
            }
        }
    }

    private void ReadFormat(uint size)
    {
        if (size is < 16 or > 1024)
            throw new DataFormatException($"{name} is not a usable WAV file: its fmt chunk is {size} bytes long, expected 16, 18 or 40.");
        int kept = (int)Math.Min(size, 40);
        if (Fill(kept) < kept)
            throw new DataFormatException($"{name} is truncated within its fmt chunk.");
        _encoding = WavEncoding.Parse(_scratch.AsSpan(0, kept), name);
        Skip("fmt ", size - kept + (size % 2));
    }

    // RF64: the 32-bit sizes are 0xFFFFFFFF, the true ones stand here: RIFF size, data size, sample count, a table.
    private void ReadSizes64(uint size)
    {
        if (Fill(24) < 24)
            throw new DataFormatException($"{name} is truncated within its ds64 chunk.");
        _size64 = BinaryPrimitives.ReadInt64LittleEndian(_scratch.AsSpan(8));
        Skip("ds64", size - 24 + (size % 2));
    }

    private WavAudio ReadData(uint size, bool isStreamed)
    {
        WavEncoding encoding = _encoding ?? throw new DataFormatException($"{name} is not a usable WAV file: its data chunk comes before any fmt chunk.");
        bool isUnknown = (size == uint.MaxValue && _size64 < 0) || (isStreamed && (size == 0 || (size >= FirstUnknownSize && _size64 < 0)));
        long expected = isUnknown ? long.MaxValue : size == uint.MaxValue ? _size64 : size;
        if (!isUnknown && expected is < 0 or > MaxDataBytes)
            throw new DataFormatException($"{name} holds {expected} bytes of samples; more than {MaxDataBytes} are not supported: split the file.");
        if (!isUnknown && expected % encoding.FrameBytes != 0)
            expected -= expected % encoding.FrameBytes;

        List<byte[]> blocks = [];
        long total = 0;
        while (total < expected)
        {
            byte[] block = new byte[(int)Math.Min(expected - total, Math.Max(BlockBytes, Math.Min(total, 1 << 26)))];
            int got = stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            blocks.Add(got == block.Length ? block : block[..got]);
            total += got;
            if (total > MaxDataBytes)
                throw new DataFormatException($"{name} holds more than {MaxDataBytes} bytes of samples, which is not supported: split the input.");
            if (got < block.Length)
                break;
        }
        if (!isUnknown && total < expected)
            throw new DataFormatException($"{name} is truncated: its data chunk should hold {expected} bytes, {total} are there.");
        return Decode(encoding, blocks, (int)total);
    }

    private WavAudio Decode(WavEncoding encoding, List<byte[]> blocks, int total)
    {
        byte[] bytes = blocks.Count == 1 ? blocks[0] : new byte[total];
        for (int i = 0, offset = 0; blocks.Count > 1 && i < blocks.Count; offset += blocks[i].Length, i++)
            blocks[i].CopyTo(bytes, offset);
        blocks.Clear();
        int frames = total / encoding.FrameBytes;
        float[] samples = new float[frames * encoding.ChannelCount];
        encoding.Decode(bytes, samples);
        for (int i = 0; i < samples.Length; i++)
            if (!float.IsFinite(samples[i]))
                throw new DataFormatException($"{name} holds {samples[i].ToString(CultureInfo.InvariantCulture)} at sample {i / encoding.ChannelCount}.");
        return new WavAudio(samples, encoding.ChannelCount, encoding.SampleRate, encoding.ToString());
    }

    private void Skip(string chunk, long count)
    {
        byte[] sink = new byte[(int)Math.Min(count, BlockBytes)];
        while (count > 0)
        {
            int got = stream.Read(sink, 0, (int)Math.Min(count, sink.Length));
            if (got == 0)
                throw new DataFormatException($"{name} is truncated within its '{Printable(chunk)}' chunk, before any samples.");
            count -= got;
        }
    }

    private int Fill(int count)
    {
        _scratch.AsSpan().Clear();
        return stream.ReadAtLeast(_scratch.AsSpan(0, count), count, throwOnEndOfStream: false);
    }

    private bool Is(int offset, ReadOnlySpan<byte> tag) => _scratch.AsSpan(offset, 4).SequenceEqual(tag);

    // Names the usual mistakes, since the first bytes tell them.
    private string Seen() => _scratch[..4] switch
    {
        [0, 0, 0, 0] => " (it is empty or begins with zeros)",
        [(byte)'f', (byte)'L', (byte)'a', (byte)'C'] => " (it is FLAC; convert it to WAV first)",
        [(byte)'O', (byte)'g', (byte)'g', (byte)'S'] => " (it is Ogg; convert it to WAV first)",
        [(byte)'I', (byte)'D', (byte)'3', _] or [0xFF, 0xFB or 0xF3 or 0xF2, _, _] => " (it is MP3; convert it to WAV first)",
        [0x93, (byte)'N', (byte)'U', (byte)'M'] => " (it is a .npy array)",
        _ => "",
    };

    private static string Printable(string chunk) => string.Concat(chunk.Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
