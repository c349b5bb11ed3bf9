using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The runs of one decoder: those of the shapes that it keeps ready, and one whose shape changes, for all others. Each has a context of its
/// own, since a context pays milliseconds for every change of shape; they share one piece of scratch memory, so that one runs at a time: in
/// the order of the decoder's stream, and after what was enqueued in streams of the caller's. One thread at a time.
/// </summary>
internal sealed class PreparedRuns : IDisposable
{
    /// <summary>Shapes that are kept without being pinned: a few windows for a few batch sizes; a shape takes some megabytes.</summary>
    public const int MaxShapes = 32;

    private readonly TrtEngine _engine;
    private readonly EngineTensors _tensors;
    private readonly TrtDecoderOptions _options;
    private readonly CudaStream _stream;
    private readonly RunInstruments? _instruments;
    private readonly InverseStftKernel? _inverseStft;
    private readonly List<PreparedRun> _kept = [];
    private PreparedRun? _spare;
    private PreparedRun? _changing;
    private DeviceBuffer<byte>? _scratch;
    private EngineState? _state;
    private CudaEvent? _callersRun;
    private bool _awaitsCaller;
    private string? _captureRefusal;
    private int _evicted;
    private long _uses;

    /// <summary>Keeps the engine alive until it is disposed of.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="tensors">Which tensors it has.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="stream">The decoder's stream.</param>
    /// <param name="instruments">What measures; null for nothing.</param>
    /// <param name="spare">A run that was made already, to be taken over; null for none.</param>
    /// <param name="inverseStft">What makes samples of spectra on the GPU, kept alive too; null where the host does.</param>
    /// <exception cref="ObjectDisposedException">The engine is gone.</exception>
    public PreparedRuns(
        TrtEngine engine, EngineTensors tensors, TrtDecoderOptions options, CudaStream stream, RunInstruments? instruments,
        PreparedRun? spare, InverseStftKernel? inverseStft)
    {
        engine.Join();
        try
        {
            inverseStft?.Join();
        }
        catch
        {
            engine.Leave();
            throw;
        }
        _inverseStft = inverseStft;
        (_engine, _tensors, _options, _stream, _instruments, _spare) = (engine, tensors, options, stream, instruments, spare);
    }

    /// <summary>The kept shapes, and their memory.</summary>
    public DecoderState State
    {
        get
        {
            DecoderState state = new()
            {
                KeptShapes = _kept.Count,
                CapturedShapes = _kept.Count(run => run.IsCaptured),
                EvictedShapes = _evicted,
                CaptureRefusal = _captureRefusal,
                DeviceBytes = (_scratch?.Length ?? 0) + (_state?.Bytes ?? 0),
            };
            foreach (PreparedRun run in _changing is null ? _kept : [_changing, .. _kept])
            {
                (long device, long host) = run.MemoryBytes;
                state = state.Add(new DecoderState { DeviceBytes = device, HostBytes = host });
            }
            return state;
        }
    }

    /// <summary>Makes a shape ready, unless it is: sets it, runs it once, records it.</summary>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames an item.</param>
    /// <param name="isPinned">
    /// Whether it stays for as long as the decoder; else the one used longest ago may have to go for a later one.
    /// </param>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public void Prepare(int batch, int frames, bool isPinned)
    {
        PreparedRun run = Find(batch, frames) ?? Keep(batch, frames, isPinned);
        run.IsPinned |= isPinned;
    }

    /// <summary>The run of a shape: of a kept one, or the changing one, which is set to it.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public PreparedRun Get(int batch, int frames)
    {
        PreparedRun run = Find(batch, frames) ?? GetChanging(batch, frames);
        // The host writes the mel next, straight to where a run for the caller may still read its own; and memory that grows is given up.
        if (!run.CopiesData || run == _changing)
            AwaitCaller();
        run.UseOwnMemory();
        return run;
    }

    /// <summary>The changing run, set to a shape; it needs memory yet.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">Memory is used up, or the driver refused.</exception>
    public PreparedRun GetChanging(int batch, int frames)
    {
        _changing ??= Make();
        _changing.SetShape(batch, frames);
        return _changing;
    }

    /// <summary>Enqueues a run in the decoder's stream, after those in streams of the caller's.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(PreparedRun run)
    {
        if (_awaitsCaller)
            _stream.WaitFor(_callersRun!);
        // Whoever launches waits for the decoder's stream before anything else is enqueued, and so for the caller's too.
        _awaitsCaller = false;
        run.Launch(_stream, _instruments);
    }

    /// <summary>Enqueues a run in a stream of the caller's, on the caller's memory, after runs in other streams.</summary>
    /// <exception cref="ArgumentException">An address is not aligned.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void LaunchForCaller(int batch, int frames, nint mel, nint firstOutput, nint secondOutput, nint stream)
    {
        PreparedRun changing = GetChanging(batch, frames);
        changing.UseMemory(mel, firstOutput, secondOutput);
        bool isCaptured = BeginForCaller(stream);
        try
        {
            changing.LaunchForCaller(stream);
        }
        finally
        {
            EndForCaller(stream, isCaptured);
        }
    }

    /// <summary>
    /// Enqueues a run in a stream of the caller's, on frames of the caller's memory, after runs in other streams. A kept shape runs in its own
    /// memory, by a graph where it has one, between two copies; so does what is not whole mels in memory that the engine takes as it is.
    /// </summary>
    /// <exception cref="DataFormatException">The network puts out too few samples.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused, or memory is used up.</exception>
    public void LaunchForCaller(in DeviceWindow window, nint stream)
    {
        int batch = Math.Max(window.Items, _tensors.Profile.MinBatch);
        PreparedRun? kept = Find(batch, window.Frames);
        PreparedRun run = kept ?? GetChanging(batch, window.Frames);
        if (kept is null && window.IsWhole && batch == window.Items && run.ResultCount == window.Items * window.Samples
            && IsAligned(window.Mel) && IsAligned(window.Audio))
        {
            LaunchForCaller(batch, window.Frames, window.Mel, window.Audio, 0, stream);
            return;
        }
        bool isCaptured = BeginForCaller(stream);
        try
        {
            run.LaunchForCaller(window, stream, _stream, isCaptured);
        }
        finally
        {
            EndForCaller(stream, isCaptured);
        }

        static bool IsAligned(nint address) => address % TrtExecutionContext.AddressAlignmentBytes == 0;
    }

    /// <summary>
    /// Frees all runs, after waiting for those in streams of the caller's; what was enqueued in the decoder's must be done.
    /// </summary>
    public void Dispose()
    {
        AwaitCaller();
        foreach (PreparedRun run in _kept)
            run.Dispose();
        _kept.Clear();
        _changing?.Dispose();
        _spare?.Dispose();
        _scratch?.Dispose();
        _state?.Dispose();
        _callersRun?.Dispose();
        _inverseStft?.Leave();
        _engine.Leave();
    }

    private PreparedRun? Find(int batch, int frames)
    {
        foreach (PreparedRun run in _kept)
        {
            if (run.Batch != batch || run.Frames != frames)
                continue;
            run.LastUse = ++_uses;
            return run;
        }
        return null;
    }

    private PreparedRun Keep(int batch, int frames, bool isPinned)
    {
        if (!isPinned && _kept.Count(run => !run.IsPinned) == MaxShapes)
            Evict(_kept.Where(run => !run.IsPinned).MinBy(run => run.LastUse)!);
        PreparedRun made = Make();
        try
        {
            made.SetShape(batch, frames);
            made.UseOwnMemory();
            made.GetMel(batch * _tensors.Metadata.MelCount * frames).Clear();
            if (_state is not null)
                made.SetPlace(0, null);
            // The first run after a shape is set is the slow one, and must not be recorded.
            Launch(made);
            _stream.Synchronize();
            _instruments?.CollectLayers(made.Context, discard: true);
            if (_options.CudaGraphs)
                _captureRefusal = made.Capture(_stream, _instruments) ?? _captureRefusal;
            made.LastUse = ++_uses;
            _kept.Add(made);
            return made;
        }
        catch
        {
            _stream.Drain();
            made.Dispose();
            throw;
        }
    }

    private PreparedRun Make()
    {
        PreparedRun made = Interlocked.Exchange(ref _spare, null) ?? new PreparedRun(_engine, _tensors, _options, _stream);
        try
        {
            if (made.InverseStft != _inverseStft)
                made.InverseStft = _inverseStft;
            long scratchBytes = _engine.GetScratchBytes(_options.Profile);
            if (scratchBytes > 0)
            {
                _scratch ??= new DeviceBuffer<byte>(_engine.Context, scratchBytes);
                made.Context.SetScratch(_scratch.Address, scratchBytes);
            }
            if (_tensors.Stream is { } stream)
                made.State = _state ??= new EngineState(_engine.Context, stream);
            _instruments?.Attach(made.Context);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    private void Evict(PreparedRun run)
    {
        _evicted++;
        _kept.Remove(run);
        // It may be at work in a stream of the caller's.
        AwaitCaller();
        run.Dispose();
    }

    /// <summary>Holds a stream of the caller's back until earlier runs are done.</summary>
    /// <returns>
    /// Whether the stream is being captured: then the caller says when the work runs, by launching the graph, and an event could not be
    /// waited for outside of it.
    /// </returns>
    /// <exception cref="ArgumentException">It is the default stream, whose order with other streams TensorRT does not keep.</exception>
    private bool BeginForCaller(nint stream)
    {
        if (stream == 0)
            throw new ArgumentException("The stream is 0, the default one; the run needs one that was created.", nameof(stream));
        if (CudaStream.IsCaptured(_engine.Context, stream))
            return true;
        _callersRun ??= CudaEvent.Create(_engine.Context, isTimed: false);
        if (_awaitsCaller)
            _callersRun.HoldBack(stream);
        return false;
    }

    private void EndForCaller(nint stream, bool isCaptured)
    {
        if (!isCaptured)
            MarkCallersRun(_callersRun!, stream);
    }

    private void MarkCallersRun(CudaEvent mark, nint stream)
    {
        try
        {
            mark.Record(stream);
            _awaitsCaller = true;
        }
        catch (CudaException)
        {
            // Nothing can wait for a run without a mark, so it ends now.
            CudaStream.Drain(_engine.Context, stream);
            throw;
        }
    }

    private void AwaitCaller()
    {
        try
        {
            if (_awaitsCaller)
                _callersRun!.Synchronize();
        }
        catch (TrtVocoderException)
        {
            // The context is lost, and nothing runs any more.
        }
    }
}
