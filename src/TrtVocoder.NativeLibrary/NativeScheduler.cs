using TrtVocoder.Decoding;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>A scheduler that C holds. Safe for use by many threads.</summary>
internal sealed unsafe class NativeScheduler : IDisposable
{
    private readonly NativeVocoder _owner;
    private readonly VocoderScheduler _scheduler;
    private readonly RequestCalls _calls;

    /// <exception cref="ArgumentException">The vocoder was destroyed, or an option is out of range.</exception>
    public NativeScheduler(NativeVocoder owner, NativeSchedulerOptions* options)
    {
        VocoderSchedulerOptions asked = new();
        if (options is not null)
        {
            NativeSchedulerOptions told = StructSize.Read(options, NativeSchedulerOptions.FirstSize, "trtvocoder_scheduler_options");
            if (told.SendsParts is not (0 or 1))
                throw new ArgumentException($"sends_parts is {told.SendsParts}; it is 0 or 1.");
            if (told.TellsStart is not (0 or 1))
                throw new ArgumentException($"tells_start is {told.TellsStart}; it is 0 or 1.");
            asked = new VocoderSchedulerOptions
            {
                Batch = told.Batch,
                WindowFrames = told.WindowFrames,
                Lanes = told.Lanes,
                MaxQueuedWindows = told.MaxQueuedWindows == 0 ? asked.MaxQueuedWindows : told.MaxQueuedWindows,
            };
            _calls = (told.SendsParts != 0 ? RequestCalls.Parts : 0) | (told.TellsStart != 0 ? RequestCalls.Start : 0);
        }
        owner.Join();
        _owner = owner;
        try
        {
            _scheduler = new VocoderScheduler(owner.Vocoder, asked);
        }
        catch
        {
            owner.Leave();
            throw;
        }
    }

    public void WarmUp() => _scheduler.WarmUp();

    public long Submit(
        float* mel, int frames, delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> callback, void* user)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        if (callback is null)
            throw new ArgumentException("The callback is NULL.");
        ReadOnlySpan<float> values = Spans.Of(mel, (long)_owner.Vocoder.MelCount * frames, "mel");
        NativeRequest request = NativeRequest.Create(
            values, frames, _owner.Vocoder.GetSampleCount(frames), _calls, callback, user);
        try
        {
            return _scheduler.Submit(request);
        }
        catch
        {
            request.Release();
            throw;
        }
    }

    public void Cancel(long ticket) => _scheduler.Cancel(ticket);

    public void WaitForRoom(int windows, int timeoutMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(windows);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutMs, Timeout.Infinite);
        _scheduler.WaitForRoom(Math.Max(windows, 1), TimeSpan.FromMilliseconds(timeoutMs));
    }

    public int GetWindowCount(int frames) => _scheduler.GetWindowCount(frames);

    /// <summary>Bytes of the lanes' memory, on the GPU and on the host.</summary>
    public (long Device, long Host) GetMemory()
    {
        DecoderState state = _scheduler.GetState();
        return (state.DeviceBytes, state.HostBytes);
    }

    /// <summary>Fills everything but the size in.</summary>
    public void GetStatistics(NativeSchedulerStatistics* statistics)
    {
        SchedulerStatistics now = _scheduler.Statistics;
        statistics->Batch = _scheduler.Batch;
        statistics->Lanes = _scheduler.Lanes;
        statistics->QueuedWindows = now.QueuedWindows;
        statistics->RunningWindows = now.RunningWindows;
        statistics->OpenRequests = now.OpenRequests;
        statistics->RequestsSubmitted = now.RequestsSubmitted;
        statistics->RequestsCompleted = now.RequestsCompleted;
        statistics->RequestsFailed = now.RequestsFailed;
        statistics->RequestsCancelled = now.RequestsCancelled;
        statistics->RequestsRefused = now.RequestsRefused;
        statistics->BatchesRun = now.BatchesRun;
        statistics->WindowsRun = now.WindowsRun;
        statistics->SlotsOffered = now.SlotsOffered;
        statistics->FramesRun = now.FramesRun;
        statistics->FramesAsked = now.FramesAsked;
    }

    public void Dispose()
    {
        _scheduler.Dispose();
        _owner.Leave();
    }
}
