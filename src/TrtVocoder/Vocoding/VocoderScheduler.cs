using System.Diagnostics;
using System.Runtime.ExceptionServices;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes many requests together: mels of any lengths are cut into windows, windows of different requests share runs of the network, and
/// each request is answered as soon as its last window is done, with the samples that a session gives. A free lane runs at once what there is.
/// Requests are served in turn; one with more windows than a run takes goes behind the others after each run. Safe for use by any number of
/// threads. Disposing it refuses new requests, ends those that wait, and lets those finish whose windows are all under way; the vocoder stays
/// its owner's.
/// </summary>
public sealed class VocoderScheduler : IDisposable, IAsyncDisposable
{
    [ThreadStatic]
    private static VocoderScheduler? _atWork;

    private readonly object _gate = new();
    private readonly VocoderOptions _vocoderOptions;
    private readonly SchedulerPlan _plan;
    private readonly SchedulerLane[] _lanes;
    private readonly Action[] _work;
    private readonly LinkedList<ScheduledRequest> _queue = [];
    private readonly Queue<ScheduledRequest> _endings = [];
    private readonly Dictionary<long, ScheduledRequest> _open = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SchedulerStatistics _statistics;
    private TrtVocoderException? _lost;
    private long _lastTicket;
    private bool _isDisposed;
    private int _freed;

    /// <summary>Makes a scheduler, with its lanes; <see cref="WarmUp"/> makes their shapes ready.</summary>
    /// <param name="vocoder">What decodes.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    /// <exception cref="TrtVocoderException">
    /// The windows do not suit the model (<see cref="FailureKind.OptionsDoNotFit"/>), or the backend failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The vocoder is disposed.</exception>
    public VocoderScheduler(Vocoder vocoder, VocoderSchedulerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(vocoder);
        Vocoder = vocoder;
        Options = options ?? new VocoderSchedulerOptions();
        (_, _vocoderOptions) = vocoder.Parts;
        _plan = SchedulerPlan.Create(vocoder, Options);
        int lanes = Options.Lanes > 0 ? Options.Lanes : Math.Max(2, Math.Max(_vocoderOptions.RunsInFlight, vocoder.Info.RunsInFlight));
        List<SchedulerLane> made = [];
        try
        {
            while (made.Count < lanes)
                made.Add(CreateLane(lanes));
        }
        catch
        {
            made.ForEach(lane => lane.Dispose());
            throw;
        }
        _lanes = [.. made];
        _work = [.. made.Select(lane => (Action)(() => Work(lane)))];
    }

    /// <summary>What decodes.</summary>
    public Vocoder Vocoder { get; }

    /// <summary>What was asked for.</summary>
    public VocoderSchedulerOptions Options { get; }

    /// <summary>The most windows of one run.</summary>
    public int Batch => _plan.Batch;

    /// <summary>Runs under way at the same time.</summary>
    public int Lanes => _lanes.Length;

    /// <summary>
    /// Lengths in frames of the windows that cover mels longer than <see cref="OwnLengthLimit"/>; empty where a mel must fit one run.
    /// </summary>
    public IReadOnlyList<int> WindowFrames => _plan.Windows.Frames;

    /// <summary>The most frames of mels that run in their own length: they share a run with those of the same length only.</summary>
    public int OwnLengthLimit => _plan.Windows.OwnLengthLimit;

    /// <summary>What it has done, and what it is at.</summary>
    public SchedulerStatistics Statistics
    {
        get
        {
            lock (_gate)
                return _statistics;
        }
    }

    /// <summary>The windows that a mel is cut into.</summary>
    /// <param name="frames">Its frames.</param>
    /// <exception cref="TrtVocoderException">It is too long for the model.</exception>
    public int GetWindowCount(int frames) => Cut(frames).Length;

    /// <summary>
    /// Makes every shape ready on every lane, so that no request pays for a new one. Best called before the first request: later it waits
    /// for the run of each lane in turn. Some 50 ms a shape and lane on a GPU.
    /// </summary>
    /// <param name="cancellationToken">Ends it before the next shape.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">A callback of this scheduler calls it, which it would wait for.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler is disposed.</exception>
    public void WarmUp(CancellationToken cancellationToken = default)
    {
        foreach (SchedulerLane lane in _lanes)
        {
            Reserve(lane);
            try
            {
                foreach ((int items, int frames) in _plan.GetShapes())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
                    SilentRun.Prepare(lane.Decoder, Vocoder.Info, items, frames, isPinned: true, profiler: null);
                }
            }
            finally
            {
                GiveBack(lane);
            }
        }
    }

    /// <summary>Prepared shapes and memory of all lanes together. Waits for the run of each lane in turn.</summary>
    /// <exception cref="InvalidOperationException">A callback of this scheduler calls it, which it would wait for.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler is disposed.</exception>
    internal DecoderState GetState()
    {
        DecoderState sum = new();
        foreach (SchedulerLane lane in _lanes)
        {
            Reserve(lane);
            try
            {
                sum = sum.Add(lane.Decoder.State);
            }
            finally
            {
                GiveBack(lane);
            }
        }
        return sum;
    }

    /// <summary>Decodes one mel.</summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes; it must not change until the task ends.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples, the task's until it ends.</param>
    /// <param name="cancellationToken">Drops the windows that wait; the task ends when none runs any more.</param>
    /// <returns>Samples written.</returns>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="DataFormatException">The mel holds NaN or infinity.</exception>
    /// <exception cref="TrtVocoderException">
    /// Too many windows wait (<see cref="FailureKind.PoolBusy"/>), the mel is too long for the model, the network put out NaN for it, a run
    /// that it had a part in failed, or an earlier one lost the GPU's context (<see cref="FailureKind.ContextLost"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled, or the scheduler disposed before all its windows ran.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler was disposed before the call.</exception>
    public Task<int> DecodeAsync(
        ReadOnlyMemory<float> mel, int frames, Memory<float> audio, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        int samples = Vocoder.GetSampleCount(frames);
        if (audio.Length < samples)
            throw new ArgumentException($"The audio has room for {audio.Length} samples, but {frames} frames decode to {samples}.", nameof(audio));
        return DecodeAsync(new TaskRequest(mel, frames, audio[..samples]), cancellationToken);
    }

    /// <summary>
    /// Decodes one mel into a new array. Parameters and errors are those of
    /// <see cref="DecodeAsync(ReadOnlyMemory{float}, int, Memory{float}, CancellationToken)"/>.
    /// </summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes; it must not change until the task ends.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="cancellationToken">Drops the windows that wait; the task ends when none runs any more.</param>
    /// <returns>All samples.</returns>
    public async Task<float[]> DecodeAsync(ReadOnlyMemory<float> mel, int frames, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        float[] audio = new float[Vocoder.GetSampleCount(frames)];
        await DecodeAsync(mel, frames, audio, cancellationToken).ConfigureAwait(false);
        return audio;
    }

    /// <summary>
    /// Decodes one mel and gives its samples to a callback, each part as soon as it is ready. Errors are those of
    /// <see cref="DecodeAsync(ReadOnlyMemory{float}, int, Memory{float}, CancellationToken)"/>, and what the callback throws; samples that came
    /// before an error are right.
    /// </summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes; it must not change until the task ends.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="onSamples">
    /// Takes the samples in order, on the scheduler's threads, one call at a time; they live during the call. While it runs a lane decodes
    /// nothing. It must not dispose the scheduler, nor wait for other requests.
    /// </param>
    /// <param name="cancellationToken">Drops the windows that wait; the task ends when none runs any more.</param>
    /// <returns>Samples given.</returns>
    public Task<int> DecodeAsync(
        ReadOnlyMemory<float> mel, int frames, Action<ReadOnlySpan<float>> onSamples, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onSamples);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        return DecodeAsync(new TaskRequest(mel, frames, Vocoder.GetSampleCount(frames), onSamples), cancellationToken);
    }

    /// <summary>As <see cref="DisposeAsync"/>, on the calling thread.</summary>
    /// <exception cref="InvalidOperationException">A callback of this scheduler calls it, which it would wait for.</exception>
    public void Dispose()
    {
        if (_atWork == this)
            throw new InvalidOperationException("A callback of a scheduler cannot dispose it, which waits for the callback.");
        Close();
        _drained.Task.GetAwaiter().GetResult();
        Free();
    }

    /// <summary>
    /// Refuses new requests, ends those that have windows waiting (<see cref="OperationCanceledException"/>), waits for the runs under way, and
    /// frees the lanes.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _drained.Task.ConfigureAwait(false);
        Free();
    }

    /// <summary>Accepts a request. Errors are those of the public methods; then its end is never told.</summary>
    /// <returns>Its ticket, above 0.</returns>
    internal long Submit(ScheduledRequest request)
    {
        VocoderSession.CheckMel(Vocoder.Info, request.Mel.Span, 1, request.Frames);
        MelWindow[] windows = Cut(request.Frames);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ThrowIfLost();
            if (!HasRoom(windows.Length))
            {
                _statistics = _statistics with { RequestsRefused = _statistics.RequestsRefused + 1 };
                throw Busy();
            }
            request.Windows = windows;
            request.Ticket = ++_lastTicket;
            request.Start = Stopwatch.GetTimestamp();
            _open.Add(request.Ticket, request);
            _statistics = _statistics with
            {
                OpenRequests = _open.Count,
                RequestsSubmitted = _statistics.RequestsSubmitted + 1,
                FramesAsked = _statistics.FramesAsked + request.Frames,
            };
            if (windows.Length == 0)
            {
                TellEnd(request);
            }
            else
            {
                _queue.AddLast(request);
                AddQueued(windows.Length);
            }
            WakeLane();
            return request.Ticket;
        }
    }

    /// <summary>Ends a request early; one that has ended, or is about to, is left as it is.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="cancellationToken">What the exception tells.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such ticket was ever given.</exception>
    internal void Cancel(long ticket, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (ticket < 1 || ticket > _lastTicket)
                throw new ArgumentOutOfRangeException(nameof(ticket), $"There was never a request of the ticket {ticket}.");
            if (_open.TryGetValue(ticket, out ScheduledRequest? request))
                Fail(request, new OperationCanceledException("The request was cancelled.", cancellationToken));
        }
    }

    /// <summary>Waits until so many windows more may wait.</summary>
    /// <exception cref="TrtVocoderException">There was no room in time, or the GPU's context is lost.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler is disposed.</exception>
    internal void WaitForRoom(int windows, TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                ThrowIfLost();
                if (HasRoom(windows))
                    return;
                TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
                if ((left < TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) || !Monitor.Wait(_gate, left))
                    throw Busy();
            }
        }
    }

    private SchedulerLane CreateLane(int lanes)
    {
        DecoderInfo info = Vocoder.Info;
        IDecoder decoder = Vocoder.CreateSessionDecoder(null);
        try
        {
            int threads = _vocoderOptions.InverseStftThreads > 0
                ? _vocoderOptions.InverseStftThreads
                : Math.Clamp(Environment.ProcessorCount / lanes, 1, VocoderOptions.MaxInverseStftThreads);
            return new SchedulerLane(
                decoder, info.Signal == OutputKind.Spectrum ? new InverseStft(info.Metadata.Stft, threads) : null, _plan.Batch);
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    private async Task<int> DecodeAsync(TaskRequest request, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Submit(request);
        }
        catch
        {
            request.Release();
            throw;
        }
        using (cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                (VocoderScheduler scheduler, TaskRequest request) = ((VocoderScheduler, TaskRequest))state!;
                scheduler.Cancel(request.Ticket, token);
            },
            (this, request)))
        {
            return await request.Task.ConfigureAwait(false);
        }
    }

    private MelWindow[] Cut(int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        int samples = Vocoder.GetSampleCount(frames);
        if (samples == 0)
            return [];
        _plan.Windows.ThrowIfTooLong(frames);
        return MelWindow.Cut(_plan.Windows, frames, Vocoder.Info.Signal == OutputKind.Spectrum ? frames : samples);
    }

    // Whoever finds nobody waiting is never refused: there may be requests of more windows than may wait.
    private bool HasRoom(int windows) =>
        _statistics.QueuedWindows == 0 || (long)_statistics.QueuedWindows + windows <= Options.MaxQueuedWindows;

    private TrtVocoderException Busy() =>
        new($"The vocoder is busy: {_statistics.QueuedWindows} windows wait already, of at most {Options.MaxQueuedWindows}.")
        {
            Kind = FailureKind.PoolBusy,
        };

    private void ThrowIfLost()
    {
        if (_lost is not null)
            ExceptionDispatchInfo.Throw(_lost);
    }

    private void AddQueued(int windows)
    {
        _statistics = _statistics with { QueuedWindows = _statistics.QueuedWindows + windows };
        VocoderTelemetry.AddQueued(windows, Vocoder.Info);
    }

    private void Close()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            foreach (ScheduledRequest request in _queue.ToArray())
                Fail(request, new OperationCanceledException("The scheduler was disposed before the request was done."));
            Monitor.PulseAll(_gate);
            EndIfDrained();
        }
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _freed, 1) != 0)
            return;
        foreach (SchedulerLane lane in _lanes)
            lane.Dispose();
    }

    private void EndIfDrained()
    {
        if (_isDisposed && _open.Count == 0 && _lanes.All(lane => lane.IsIdle && !lane.IsWanted))
            _drained.TrySetResult();
    }

    /// <summary>Takes a lane's decoder away from its thread, as soon as it is idle.</summary>
    private void Reserve(SchedulerLane lane)
    {
        if (_atWork == this)
            throw new InvalidOperationException("A callback of a scheduler cannot wait for its runs, which wait for the callback.");
        lock (_gate)
        {
            while (!_isDisposed && lane.IsWanted)
                Monitor.Wait(_gate);
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            lane.IsWanted = true;
            while (!lane.IsIdle)
                Monitor.Wait(_gate);
        }
    }

    private void GiveBack(SchedulerLane lane)
    {
        lock (_gate)
        {
            lane.IsWanted = false;
            Monitor.PulseAll(_gate);
            WakeLane();
            EndIfDrained();
        }
    }

    /// <summary>Gives an idle lane something to do, if there is something.</summary>
    private void WakeLane()
    {
        if (_queue.Count == 0 && _endings.Count == 0)
            return;
        for (int i = 0; i < _lanes.Length; i++)
        {
            if (!_lanes[i].IsIdle || _lanes[i].IsWanted)
                continue;
            _lanes[i].Post(_work[i]);
            return;
        }
    }

    /// <summary>A lane's work, until there is none.</summary>
    private void Work(SchedulerLane lane)
    {
        _atWork = this;
        try
        {
            while (Take(lane))
            {
                if (lane.Ending is { } request)
                    End(request);
                else
                    RunBatch(lane);
            }
        }
        finally
        {
            _atWork = null;
        }
    }

    /// <summary>Gives a lane an end to tell, or windows to run; false where there is nothing, or somebody wants its decoder.</summary>
    private bool Take(SchedulerLane lane)
    {
        lock (_gate)
        {
            lane.Clear();
            lane.Ending = null;
            if (!lane.IsWanted && _endings.TryDequeue(out ScheduledRequest? ending))
            {
                lane.Ending = ending;
            }
            else if (!lane.IsWanted && _queue.Count > 0)
            {
                TakeWindows(lane);
            }
            else
            {
                lane.IsIdle = true;
                // Whoever wants this lane, and ends that come when none but this was free.
                Monitor.PulseAll(_gate);
                WakeLane();
                EndIfDrained();
                return false;
            }
            WakeLane();
            return true;
        }
    }

    /// <summary>Fills a lane's run: with windows of the length that the first request needs next, from it and from those behind it.</summary>
    private void TakeWindows(SchedulerLane lane)
    {
        LinkedListNode<ScheduledRequest>? node = _queue.First;
        ScheduledRequest first = node!.Value;
        int frames = first.Windows[first.Taken].Frames;
        while (node is not null && lane.Count < _plan.Batch)
        {
            (LinkedListNode<ScheduledRequest> current, ScheduledRequest request) = (node, node.Value);
            node = node.Next;
            while (lane.Count < _plan.Batch && request.Taken < request.Windows.Count && request.Windows[request.Taken].Frames == frames)
                lane.Add(request);
            if (request.Taken == request.Windows.Count)
                _queue.Remove(current);
        }
        if (first.Taken < first.Windows.Count)
        {
            _queue.RemoveFirst();
            _queue.AddLast(first);
        }
        AddQueued(-lane.Count);
        _statistics = _statistics with
        {
            RunningWindows = _statistics.RunningWindows + lane.Count,
            BatchesRun = _statistics.BatchesRun + 1,
            WindowsRun = _statistics.WindowsRun + lane.Count,
            SlotsOffered = _statistics.SlotsOffered + _plan.Batch,
            FramesRun = _statistics.FramesRun + ((long)_plan.GetRunItems(lane.Count) * frames),
        };
        VocoderTelemetry.AddBatch((double)lane.Count / _plan.Batch, Vocoder.Info);
        Monitor.PulseAll(_gate);
    }

    private void RunBatch(SchedulerLane lane)
    {
        for (int i = 0; i < lane.Count; i++)
            if (lane[i].Window == 0)
                lane[i].Request.Begin();
        DecoderOutput output;
        try
        {
            output = Run(lane);
        }
#pragma warning disable CA1031 // Everyone who waits for the run hears of it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            FailBatch(lane, error);
            return;
        }
        WriteBatch(lane, output);
    }

    private DecoderOutput Run(SchedulerLane lane)
    {
        int melCount = Vocoder.MelCount;
        int size = melCount * lane.Frames;
        Span<float> input = lane.Decoder.BeginInput(_plan.GetRunItems(lane.Count), lane.Frames);
        for (int i = 0; i < lane.Count; i++)
        {
            (ScheduledRequest request, int window) = lane[i];
            MelWindow.Copy(
                request.Mel.Span, melCount, request.Frames, request.Windows[window].Start, input.Slice(i * size, size), lane.Frames);
        }
        input[(lane.Count * size)..].Fill(SilentRun.GetLevel(Vocoder.Info));
        return lane.Decoder.Run();
    }

    private void FailBatch(SchedulerLane lane, Exception error)
    {
        lock (_gate)
        {
            if (error is TrtVocoderException { Kind: FailureKind.ContextLost } lost)
            {
                _lost ??= lost;
                foreach (ScheduledRequest request in _queue.ToArray())
                    Fail(request, lost);
            }
            // Before any ends: so nobody waits for a window of this run.
            for (int i = 0; i < lane.Count; i++)
                Fail(lane[i].Request, error);
        }
        for (int i = 0; i < lane.Count; i++)
            Finish(lane[i].Request, null);
    }

    /// <summary>Writes the samples of a run, of each request after those of its earlier windows, which another lane may be at.</summary>
    private void WriteBatch(SchedulerLane lane, in DecoderOutput output)
    {
        int written = 0;
        while (written < lane.Count)
        {
            AwaitReady(lane);
            for (int i = 0; i < lane.Count; i++)
            {
                if (lane.IsWritten(i) || !IsReady(lane[i]))
                    continue;
                lane.SetWritten(i);
                written++;
                Finish(lane[i].Request, Write(lane, i, output));
            }
        }
    }

    // A run's windows are taken at one moment, so what a window waits for was taken by an earlier run: the earliest waits for nobody.
    private void AwaitReady(SchedulerLane lane)
    {
        lock (_gate)
        {
            while (!HasReady(lane))
                Monitor.Wait(_gate);
        }
    }

    private bool HasReady(SchedulerLane lane)
    {
        for (int i = 0; i < lane.Count; i++)
            if (!lane.IsWritten(i) && IsReady(lane[i]))
                return true;
        return false;
    }

    private bool IsReady((ScheduledRequest Request, int Window) item)
    {
        lock (_gate)
            return item.Request.Failure is not null || item.Request.Written == item.Window;
    }

    /// <summary>Writes the samples of one window, and gives out those that are finished; the last ones come with the end.</summary>
    /// <returns>What went wrong, which is this request's affair alone.</returns>
    private Exception? Write(SchedulerLane lane, int item, in DecoderOutput output)
    {
        (ScheduledRequest request, int index) = lane[item];
        if (request.Failure is not null)
            return null;
        try
        {
            MelWindow window = request.Windows[index];
            Span<float> audio = request.Audio.Span;
            StftParameters stft = Vocoder.Metadata.Stft;
            bool isLast = index == request.Windows.Count - 1;
            int end = window.End;
            if (lane.InverseStft is not null)
            {
                lane.InverseStft.Accumulate(
                    output.GetSpectrum(item, window.Begin - window.Start, window.End - window.Begin), window.Begin, request.Frames, audio);
                end = isLast ? audio.Length : Math.Clamp((window.End * stft.HopLength) - stft.TrimLength, request.Finished, audio.Length);
            }
            else
            {
                DecodePipeline.GetSamples(output, item, window.Begin - (window.Start * stft.HopLength), window.End - window.Begin)
                    .CopyTo(audio[window.Begin..]);
            }
            Span<float> finished = audio[request.Finished..end];
            if (_vocoderOptions.CheckOutput && !output.IsKnownFinite && NonFinite.IndexOf(finished) is >= 0 and int bad)
                return VocoderSession.NonFiniteAudio(Vocoder.Info, $"sample {request.Finished + bad}");
            if (!isLast && !finished.IsEmpty)
            {
                request.TakePart(finished, request.Finished);
                request.Finished = end;
            }
            return null;
        }
#pragma warning disable CA1031 // Whoever waits for the request hears of it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return error;
        }
    }

    /// <summary>After a window of a run: the last one ends the request.</summary>
    private void Finish(ScheduledRequest request, Exception? error)
    {
        lock (_gate)
        {
            if (error is not null)
                Fail(request, error);
            request.Written++;
            request.Running--;
            _statistics = _statistics with { RunningWindows = _statistics.RunningWindows - 1 };
            Monitor.PulseAll(_gate);
            if (request.Running > 0 || request.IsEnding || (request.Failure is null && request.Written < request.Windows.Count))
                return;
            request.IsEnding = true;
        }
        End(request);
    }

    /// <summary>Ends a request early, unless it is ending already: at once, or when its windows are out of all runs.</summary>
    private void Fail(ScheduledRequest request, Exception error)
    {
        if (request.Failure is not null || request.IsEnding)
            return;
        request.Failure = error;
        int waiting = request.Windows.Count - request.Taken;
        if (waiting > 0)
        {
            _queue.Remove(request);
            request.Taken = request.Windows.Count;
            AddQueued(-waiting);
        }
        if (request.Running == 0)
            TellEnd(request);
        Monitor.PulseAll(_gate);
    }

    /// <summary>Lets a lane tell a request's end: its caller may be inside of a lock.</summary>
    private void TellEnd(ScheduledRequest request)
    {
        request.IsEnding = true;
        _endings.Enqueue(request);
        WakeLane();
    }

    private void End(ScheduledRequest request)
    {
        Exception? failure = request.Failure;
        lock (_gate)
        {
            _open.Remove(request.Ticket);
            _statistics = _statistics with
            {
                OpenRequests = _open.Count,
                RequestsCompleted = _statistics.RequestsCompleted + (failure is null ? 1 : 0),
                RequestsCancelled = _statistics.RequestsCancelled + (failure is OperationCanceledException ? 1 : 0),
                RequestsFailed = _statistics.RequestsFailed + (failure is not (null or OperationCanceledException) ? 1 : 0),
            };
        }
        VocoderTelemetry.EndRequest(
            Stopwatch.GetElapsedTime(request.Start), Vocoder.Info, request.Frames, request.Audio.Length, failure);
        request.End(failure is null ? request.Audio.Span[request.Finished..] : [], request.Finished, failure);
    }
}
