using System.Runtime.InteropServices;

namespace TrtVocoder.Internal;

/// <summary>
/// Writes to a file that this process was given open: standard output, standard error, <c>/dev/fd/3</c>. Unlike .NET's console it tells of
/// a reader that went away, and unlike its file stream it moves the position that other processes share. Not seekable; does not close the
/// file.
/// </summary>
/// <param name="descriptor">The file's number.</param>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    private const int Forever = -1;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The system's reason alone: <c>broken pipe</c>.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            for (nint done = 0; done < buffer.Length;)
            {
                nint written = LibC.Write(descriptor, bytes + done, buffer.Length - done);
                if (written >= 0)
                {
                    done += written;
                    continue;
                }
                int error = Marshal.GetLastPInvokeError();
                if (error == LibC.TryAgain)
                {
                    // Somebody made the pipe non-blocking; it is full.
                    LibC.PollDescriptor wait = new() { Descriptor = descriptor, Events = LibC.MayWriteNow };
                    _ = LibC.Wait(&wait, 1, Forever);
                }
                else if (error != LibC.Interrupted)
                    throw new IOException(LibC.GetReason(error), error);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
