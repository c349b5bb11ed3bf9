using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using TrtVocoder.Internal;

namespace TrtVocoder.Files;

/// <summary>The reading half of <see cref="WavFile"/>: one pass over a stream, every length bounded by what the stream really holds.</summary>
internal sealed class WavReader(Stream stream, string name)
{
    private const int FirstUnknownSize = 0x7FFF_F000; // SoX writes this and a little more into pipes; FFmpeg writes 0xFFFFFFFF.
    private const int MaxDataBytes = 0x7FFF_0000;
    private const int BlockBytes = 1 << 16;

    // Names by which a chunk is told from samples, or from a chunk before it that was read a byte too far.
    private static readonly string[] KnownChunks =
    [
        "data", "fmt ", "LIST", "fact", "cue ", "smpl", "inst", "bext", "JUNK", "junk", "PAD ", "FLLR", "PEAK", "iXML", "axml", "chna", "ds64", "id3 ", "ID3 ",
        "plst", "labl", "note", "acid", "cart", "DISP", "umid", "strc", "LGWV", "afsp", "_PMX", "levl", "wavl", "slnt",
    ];

    private readonly byte[] _scratch = new byte[64];
    private readonly List<string> _notes = [];
    private WavEncoding? _encoding;
    private long _size64 = -1;
    private long _position;

    public WavAudio Read()
    {
        int head = Fill(12);
        if (head < 12 || !Is(8, "WAVE"u8) || !(Is(0, "RIFF"u8) || Is(0, "RF64"u8) || Is(0, "BW64"u8)))
            throw new DataFormatException($"{name} is not a WAV file: it does not begin with RIFF and WAVE{FileContent.Describe(_scratch.AsSpan(0, head), name)}.");
        uint riffSize = BinaryPrimitives.ReadUInt32LittleEndian(_scratch.AsSpan(4));
        bool isStreamed = riffSize is 0 or >= FirstUnknownSize;
        bool isAfterOdd = false;
        while (true)
        {
            if (!ReadChunkHead(isAfterOdd))
                throw new DataFormatException($"{name} is truncated: it ends before its data chunk.");
            string chunk = Encoding.Latin1.GetString(_scratch, 0, 4);
            if (chunk.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new DataFormatException(
                    $"{name} is damaged: no chunk begins at byte {_position - 8}, so the size of a chunk before it is wrong or it was cut; convert it to WAV again.");
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(_scratch.AsSpan(4));
            isAfterOdd = size % 2 != 0;
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
                    Skip(chunk, size);
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
        Skip("fmt ", size - kept);
    }

    // A chunk of odd size is followed by a byte of padding, which some programs leave out.
    private bool ReadChunkHead(bool isAfterOdd)
    {
        int got = Fill(8);
        if (!isAfterOdd || got == 0)
            return got == 8;
        if (got == 8 && KnownChunks.Contains(Encoding.Latin1.GetString(_scratch, 0, 4)))
        {
            _notes.Add($"{name}: a chunk of odd size lacks its pad byte; read on without it.");
            return true;
        }
        _scratch.AsSpan(1, 7).CopyTo(_scratch);
        int next = got == 8 ? stream.ReadByte() : -1;
        _scratch[7] = (byte)next;
        _position++;
        return next >= 0;
    }

    // RF64: the 32-bit sizes are 0xFFFFFFFF, the true ones stand here: RIFF size, data size, sample count, a table.
    private void ReadSizes64(uint size)
    {
        if (Fill(24) < 24)
            throw new DataFormatException($"{name} is truncated within its ds64 chunk.");
        _size64 = BinaryPrimitives.ReadInt64LittleEndian(_scratch.AsSpan(8));
        Skip("ds64", size - 24);
    }

    private WavAudio ReadData(uint size, bool isStreamed)
    {
        WavEncoding encoding = _encoding ?? throw new DataFormatException($"{name} is not a usable WAV file: its data chunk comes before any fmt chunk.");
        // 0 and −1 stand in headers that were written first and never finished.
        bool isUnknown = size == 0 || (size == uint.MaxValue && _size64 <= 0) || (isStreamed && size >= FirstUnknownSize && _size64 <= 0);
        long expected = isUnknown ? long.MaxValue : size == uint.MaxValue ? _size64 : size;
        // A size beyond what is there is only wrong; one that is really there is too large.
        bool isWrong = stream.CanSeek && expected > stream.Length - stream.Position;
        if (!isUnknown && (expected < 0 || (expected > MaxDataBytes && !isWrong)))
            throw new DataFormatException($"{name} holds {expected} bytes of samples; more than {MaxDataBytes} are not supported: split the file.");
        if (!isUnknown && expected % encoding.FrameBytes != 0)
            expected -= expected % encoding.FrameBytes;

        List<byte[]> blocks = [];
        long total = 0;
        if (size == 0)
        {
            // Another chunk: then the sound really is empty. What is shorter than a chunk's head is all there is.
            int got = Fill(8);
            bool isEmpty = got == 8 && KnownChunks.Contains(Encoding.Latin1.GetString(_scratch, 0, 4));
            blocks.Add(isEmpty ? [] : _scratch[..got]);
            total = blocks[0].Length;
            if (total < 8)
                expected = total;
        }
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
        if (!isUnknown && total == 0 && expected > 0)
            throw new DataFormatException($"{name} is truncated: its data chunk should hold {expected} bytes, {total} are there.");
        if (!isUnknown && total < expected)
            _notes.Add($"{name}: its header promises {expected} bytes of samples, {total} are there; these are taken.");
        else if (isUnknown && !isStreamed && total > 0)
            _notes.Add($"{name}: its header was never finished and does not tell its length; all {total} bytes that follow are taken for samples.");
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
        int bad = NonFinite.IndexOf(samples);
        if (bad >= 0)
            throw new DataFormatException($"{name} holds {samples[bad].ToString(CultureInfo.InvariantCulture)} at sample {bad / encoding.ChannelCount}.");
        return new WavAudio(samples, encoding.ChannelCount, encoding.SampleRate, encoding.ToString(), _notes);
    }

    private void Skip(string chunk, long count)
    {
        _position += count;
        byte[] sink = new byte[(int)Math.Min(count, BlockBytes)];
        while (count > 0)
        {
            int got = stream.Read(sink, 0, (int)Math.Min(count, sink.Length));
            if (got == 0)
                throw new DataFormatException($"{name} is truncated within its '{chunk}' chunk, before any samples, or that chunk's size is wrong.");
            count -= got;
        }
    }

    private int Fill(int count)
    {
        _scratch.AsSpan().Clear();
        int got = stream.ReadAtLeast(_scratch.AsSpan(0, count), count, throwOnEndOfStream: false);
        _position += got;
        return got;
    }

    private bool Is(int offset, ReadOnlySpan<byte> tag) => _scratch.AsSpan(offset, 4).SequenceEqual(tag);
}
