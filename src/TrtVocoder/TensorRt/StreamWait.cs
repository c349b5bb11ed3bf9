using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// How a decoder waits for its stream. Spinning sees the end of a run some microseconds earlier, and takes a core for as long; where more
/// threads wait than there are cores, they would spin in each other's way. One thread at a time.
/// </summary>
/// <param name="sleeps">Whether the thread sleeps; null leaves it to how many threads wait.</param>
internal sealed class StreamWait(bool? sleeps) : IDisposable
{
    private static int _waiting;
    private CudaEvent? _end;

    /// <summary>Waits until all work of a stream is done.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public void Wait(CudaStream stream)
    {
        try
        {
            bool isCrowded = Interlocked.Increment(ref _waiting) > Environment.ProcessorCount;
            if (!(sleeps ?? isCrowded))
            {
                stream.Synchronize();
                return;
            }
            // An event of our own: how the context's streams wait is a flag of the primary context, which is the host's too.
            _end ??= CudaEvent.Create(stream.Context, isTimed: false, sleeps: true);
            _end.Record(stream);
            _end.Synchronize();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Destroys the event.</summary>
    public void Dispose() => _end?.Dispose();
}
