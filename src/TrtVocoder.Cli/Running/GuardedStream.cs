namespace TrtVocoder.Cli.Running;

/// <summary>
/// Standard output or error for words: a failure is remembered, not thrown, so that no work is lost because nobody hears of it.
/// </summary>
/// <param name="inner">Where the bytes go; null: it was closed when the program began.</param>
internal sealed class GuardedStream(Stream? inner) : Stream
{
    /// <summary>Why words were lost; null: none were, or the reader had heard enough and went away.</summary>
    public string? Failure { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    private bool _isBroken;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_isBroken || buffer.IsEmpty)
            return;
        if (inner is null)
        {
            Fail("it is closed");
            return;
        }
        try
        {
            inner.Write(buffer);
        }
        catch (IOException error)
        {
            const string ReaderLeft = "broken pipe";
            Fail(error.Message == ReaderLeft ? null : error.Message);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Fail(string? reason)
    {
        _isBroken = true;
        Failure = reason;
    }
}
