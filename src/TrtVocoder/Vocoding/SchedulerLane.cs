using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Vocoding;

/// <summary>
/// One of a scheduler's threads, with the decoder that it runs and the windows of its run. Its state is changed under the scheduler's gate,
/// or by the thread that it is at work on.
/// </summary>
internal sealed class SchedulerLane : IDisposable
{
    private readonly ParkedThread _thread = new("TrtVocoder lane");
    private readonly (ScheduledRequest Request, int Window)[] _windows;
    private readonly bool[] _isWritten;

    /// <summary>Makes the decoder, the inverse STFT where there is one, and the thread.</summary>
    public SchedulerLane(IDecoder decoder, InverseStft? inverseStft, int batch)
    {
        (Decoder, InverseStft) = (decoder, inverseStft);
        _windows = new (ScheduledRequest, int)[batch];
        _isWritten = new bool[batch];
    }

    public IDecoder Decoder { get; }

    public InverseStft? InverseStft { get; }

    /// <summary>Whether its thread has nothing to do.</summary>
    public bool IsIdle { get; set; } = true;

    /// <summary>Whether somebody else wants, or has, its decoder.</summary>
    public bool IsWanted { get; set; }

    /// <summary>Windows of its run.</summary>
    public int Count { get; private set; }

    /// <summary>Frames of each window of its run.</summary>
    public int Frames { get; private set; }

    /// <summary>A request whose end it has to tell.</summary>
    public ScheduledRequest? Ending { get; set; }

    /// <summary>A window of its run.</summary>
    public (ScheduledRequest Request, int Window) this[int item] => _windows[item];

    public bool IsWritten(int item) => _isWritten[item];

    public void SetWritten(int item) => _isWritten[item] = true;

    /// <summary>Adds a request's next window to the run.</summary>
    public void Add(ScheduledRequest request)
    {
        Frames = request.Windows[request.Taken].Frames;
        _isWritten[Count] = false;
        _windows[Count++] = (request, request.Taken++);
        request.Running++;
    }

    /// <summary>Forgets the run, and whose it was.</summary>
    public void Clear()
    {
        _windows.AsSpan(0, Count).Clear();
        Count = 0;
    }

    /// <summary>Lets its thread do some work; it is idle.</summary>
    public void Post(Action work)
    {
        IsIdle = false;
        // It said that it was idle on its way out of its last work.
        _thread.Wait();
        _thread.Post(work);
    }

    public void Dispose()
    {
        _thread.Dispose();
        InverseStft?.Dispose();
        Decoder.Dispose();
    }
}
