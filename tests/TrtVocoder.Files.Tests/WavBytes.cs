using System.Text;

namespace TrtVocoder.Files.Tests;

/// <summary>Builds WAV files chunk by chunk, so that tests can bend any part of them.</summary>
internal sealed class WavBytes
{
    private readonly List<byte> _chunks = [];

    public WavBytes Chunk(string id, byte[] content, uint? claimedSize = null)
    {
        _chunks.AddRange(Encoding.Latin1.GetBytes(id));
        _chunks.AddRange(BitConverter.GetBytes(claimedSize ?? (uint)content.Length));
        _chunks.AddRange(content);
        if (content.Length % 2 == 1)
            _chunks.Add(0);
        return this;
    }

    public WavBytes Format(int tag, int channels, int rate, int bits, int? blockAlign = null, byte[]? extension = null)
    {
        int align = blockAlign ?? (channels * ((bits + 7) / 8));
        return Chunk("fmt ",
        [
            .. BitConverter.GetBytes((ushort)tag), .. BitConverter.GetBytes((ushort)channels), .. BitConverter.GetBytes(rate),
            .. BitConverter.GetBytes(rate * align), .. BitConverter.GetBytes((ushort)align), .. BitConverter.GetBytes((ushort)bits), .. extension ?? [],
        ]);
    }

    public WavBytes Extensible(int subFormat, int channels, int rate, int bits, int validBits) => Format(0xFFFE, channels, rate, bits, null,
    [
        22, 0, .. BitConverter.GetBytes((ushort)validBits), 0, 0, 0, 0, .. BitConverter.GetBytes((ushort)subFormat),
        0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71,
    ]);

    public byte[] ToArray(uint? riffSize = null, string riff = "RIFF") =>
        [.. Encoding.Latin1.GetBytes(riff), .. BitConverter.GetBytes(riffSize ?? (uint)(_chunks.Count + 4)), .. "WAVE"u8, .. _chunks];

    /// <summary>A stream that gives one byte at a time and cannot seek, like the slowest of pipes.</summary>
    public static Stream Pipe(byte[] bytes) => new SlowPipe(bytes);

    private sealed class SlowPipe(byte[] bytes) : Stream
    {
        private int _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (_position == bytes.Length || buffer.IsEmpty)
                return 0;
            buffer[0] = bytes[_position++];
            return 1;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
