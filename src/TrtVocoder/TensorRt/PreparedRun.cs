using System.Runtime.InteropServices;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// What one shape runs with: an execution context in which it is set, the memory of its tensors, and, if it could be captured, the graph of
/// a whole run. The tensors that the host writes and reads lie in one block, side by side on the host and on the GPU, or in mapped memory
/// that both see; outputs that the host does not read are on the GPU alone. Where an inverse STFT follows the network, the host reads its
/// samples and not the spectrum, and the kernel writes them straight into the host's memory: each is written once, so that nothing is won
/// by a copy behind it. One thread at a time.
/// </summary>
internal sealed class PreparedRun : IDisposable
{
    // Blocks are counted in floats; FP16 values take half of one.
    private const int AlignmentFloats = TrtExecutionContext.AddressAlignmentBytes / sizeof(float);

    private readonly CudaContext _cuda;
    private readonly EngineTensors _tensors;
    private readonly bool _isMapped;
    private readonly bool _canWriteThrough;
    private readonly Place[] _places;
    private InverseStftKernel? _inverseStft;
    private readonly ExtraInputs _extras;
    private DeviceBuffer<float>? _device;
    private PinnedBuffer<float>? _host;
    private float[] _wide = [];
    // The second one is of an engine with state, for the other turn of it.
    private readonly CudaGraph?[] _graphs = new CudaGraph?[2];
    private CudaGraph? _deviceGraph;
    private int _placeStart;
    private Block _samples;
    private Block _reports;
    private int _hostFloats;
    private int _deviceStart;
    private int _allFloats;
    private int _wideCount;
    private bool _hasAddresses;
    private nint _callersSamples;

    /// <summary>Makes the context; it has no shape, no memory, and no scratch memory yet.</summary>
    /// <param name="engine">The engine, which must outlive it.</param>
    /// <param name="tensors">Which tensors it has.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="stream">In whose order the context's profile is set.</param>
    /// <exception cref="TensorRtException">TensorRT refused: mostly because the GPU's memory is used up.</exception>
    public PreparedRun(TrtEngine engine, EngineTensors tensors, TrtDecoderOptions options, CudaStream stream)
    {
        _cuda = engine.Context;
        _tensors = tensors;
        _isMapped = options.Buffers == BufferMode.Mapped
            || (options.Buffers == BufferMode.Auto && _cuda.Device is { IsIntegrated: true, CanMapHostMemory: true });
        _canWriteThrough = _cuda.Device.CanMapHostMemory;
        _places = [new Place(tensors.Mel), .. tensors.Outputs.Concat(tensors.OtherOutputs).Select(tensor => new Place(tensor))];
        _extras = new ExtraInputs(_cuda, tensors.Extras);
        Context = engine.CreateContext(options.Profile, stream, bringsScratch: true);
    }

    /// <summary>The execution context.</summary>
    public TrtExecutionContext Context { get; }

    /// <summary>
    /// What makes samples of the spectrum behind the network, and must outlive it; null where the host gets what the network puts out.
    /// Setting it forgets the shape.
    /// </summary>
    public InverseStftKernel? InverseStft
    {
        get => _inverseStft;
        set
        {
            _inverseStft = value;
            (Batch, Frames, _hasAddresses) = (0, 0, false);
        }
    }

    /// <summary>Items that the engine runs; 0 before a shape is set, or after setting one failed.</summary>
    public int Batch { get; private set; }

    /// <summary>Frames an item.</summary>
    public int Frames { get; private set; }

    /// <summary>Values of one of the network's outputs.</summary>
    public int OutputCount { get; private set; }

    /// <summary>Values of what a run gives: of one of the network's outputs, or samples where an inverse STFT follows.</summary>
    public int ResultCount => _inverseStft is null ? OutputCount : Batch * Samples;

    /// <summary>Whether the shape has not run yet since it was set: then the next run is slow.</summary>
    public bool HasNewShape { get; private set; }

    /// <summary>Whether a run is one launch of a captured graph.</summary>
    public bool IsCaptured => _graphs[0] is not null;

    /// <summary>The state that all runs of the decoder share; null where the engine keeps none.</summary>
    public EngineState? State { get; set; }

    private int Turn => State?.Turn ?? 0;

    /// <summary>Whether a run copies anything; mapped memory needs no copy.</summary>
    public bool CopiesData => !_isMapped;

    /// <summary>Whether it is kept for as long as the decoder lives.</summary>
    public bool IsPinned { get; set; }

    /// <summary>When it was used last, as its decoder counts.</summary>
    public long LastUse { get; set; }

    /// <summary>Bytes of its memory on the GPU, and of host memory that the GPU sees.</summary>
    public (long Device, long Host) MemoryBytes =>
        (sizeof(float) * (_device?.Length ?? 0), sizeof(float) * (_host?.Length ?? 0L));

    private int MelCount => Batch * _tensors.Metadata.MelCount * Frames;

    // What the host writes is not yet what the engine reads.
    private bool IsMelStaged => _places[0].IsHalf || _tensors.IsFrameMajorMel;

    private bool HasHalfAudio => _inverseStft is null && _places[1].IsHalf;

    private int Samples => _inverseStft?.GetSampleCount(Frames) ?? OutputCount / Batch;

    private Span<float> Host => _host!.Span;

    private bool WritesThrough => _inverseStft is not null && !_isMapped && _canWriteThrough;

    /// <summary>Sets the shape, unless it is set already.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="DataFormatException">The outputs' shapes are not what the model is said to be.</exception>
    public void SetShape(int batch, int frames)
    {
        if (batch == Batch && frames == Frames)
            return;
        (Batch, Frames) = (0, 0);
        _hasAddresses = false;
        int melCount = _tensors.Metadata.MelCount;
        (int rows, int columns) = _tensors.IsFrameMajorMel ? (frames, melCount) : (melCount, frames);
        Context.SetInputShape(_tensors.Mel, batch, rows, columns);
        _extras.Set(Context, batch, frames);
        OutputCount = _tensors.GetOutputSize(Context, batch, frames);
        ArrangeMemory(batch, frames);
        (Batch, Frames, HasNewShape) = (batch, frames, true);
    }

    /// <summary>Makes room for the shape in memory of our own, and points the engine to it.</summary>
    /// <exception cref="CudaException">Memory is used up.</exception>
    public void UseOwnMemory()
    {
        if (_hasAddresses)
            return;
        Reserve();
        foreach (ref readonly Place place in _places.AsSpan())
            Context.SetAddress(place.Tensor, GetAddress(place.Start));
        if (_tensors.Stream is { } stream)
        {
            Context.SetAddress(stream.Position, GetAddress(_placeStart));
            Context.SetAddress(stream.Length, GetAddress(_placeStart + AlignmentFloats));
        }
        // Only now: a failure in between is mended by the next call.
        _hasAddresses = true;
    }

    /// <summary>
    /// Points the engine to the caller's device memory instead; what nobody reads goes to memory of our own, and so does a spectrum that
    /// an inverse STFT follows, whose samples go to <paramref name="firstOutput"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An address is not aligned.</exception>
    /// <exception cref="CudaException">Memory is used up.</exception>
    public void UseMemory(nint mel, nint firstOutput, nint secondOutput)
    {
        _hasAddresses = false;
        int used = _inverseStft is null ? 1 + _tensors.Outputs.Count : 1;
        _callersSamples = firstOutput;
        if (used < _places.Length)
            Reserve();
        for (int i = 0; i < _places.Length; i++)
            Context.SetAddress(_places[i].Tensor, i >= used ? GetAddress(_places[i].Start) : i == 0 ? mel : i == 1 ? firstOutput : secondOutput);
    }

    /// <summary>The first values of the mel, to be written before <see cref="Launch"/>.</summary>
    public Span<float> GetMel(int count) => IsMelStaged ? _wide.AsSpan(0, count) : Host.Slice(_places[0].Start, count);

    /// <summary>Says where in the utterance an engine with state is, to be called before <see cref="Launch"/>.</summary>
    public void SetPlace(long position, long? length) =>
        (Host[_placeStart], Host[_placeStart + AlignmentFloats]) = StreamTensors.Encode(position, length);

    /// <summary>Enqueues a run: copy to the GPU, network, copy to the host.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(CudaStream stream, RunInstruments? instruments)
    {
        if (_tensors.IsFrameMajorMel)
            TransposeMel();
        else if (_places[0].IsHalf)
            HalfConversion.ToHalf(GetMel(MelCount), GetHalfValues(_places[0], MelCount));
        instruments?.BeginRun(stream);
        HasNewShape = false;
        if (_graphs[Turn] is { } graph)
        {
            instruments?.EnqueueBegins();
            graph.Launch(stream);
            instruments?.EnqueueEnds();
        }
        else
        {
            State?.SetAddresses(Context, Turn);
            Enqueue(stream, instruments, isRecording: false);
        }
        State?.Flip();
    }

    /// <summary>Enqueues a run without copies in a stream of the caller's, after <see cref="UseMemory"/>.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void LaunchForCaller(nint stream)
    {
        HasNewShape = false;
        Context.Enqueue(stream);
        _inverseStft?.Launch(
            stream, Batch, Frames, SpectrumAddresses, _places[1].IsHalf, _callersSamples, GetAddress(_reports.Start));
    }

    /// <summary>
    /// Enqueues a run in a stream of the caller's, between a copy of the caller's mel into memory of our own and one of its samples out of it.
    /// </summary>
    /// <param name="window">What of the caller's memory.</param>
    /// <param name="stream">The caller's stream.</param>
    /// <param name="own">The decoder's stream, at rest, where a run that was captured is captured without the host's part.</param>
    /// <param name="isCaptured">Whether the caller's stream is being captured, where no graph can be launched.</param>
    /// <exception cref="DataFormatException">The network puts out too few samples.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="CudaException">The driver refused, or memory is used up.</exception>
    public void LaunchForCaller(in DeviceWindow window, nint stream, CudaStream own, bool isCaptured)
    {
        DecoderOutput.CheckSamples(Samples, window.FirstSample + window.End - window.Begin);
        UseOwnMemory();
        _callersSamples = _inverseStft is null ? 0 : GetAddress(_samples.Start);
        CopyMel(window, stream);
        if (!isCaptured && IsCaptured)
            (_deviceGraph ??= CaptureForCaller(own)).Launch(stream);
        else
            LaunchForCaller(stream);
        int size = HasHalfAudio ? 2 : sizeof(float);
        nint samples = _inverseStft is null ? GetAddress(_places[1].Start) : _callersSamples;
        CudaStream.CopyRows(
            _cuda, samples + ((nint)window.FirstSample * size), (long)Samples * size, window.Audio + ((nint)window.Begin * size),
            (long)window.Samples * size, (long)(window.End - window.Begin) * size, window.Items, stream);
    }

    /// <summary>Records a run as a graph. The shape must have run once, so that TensorRT's own preparations are over.</summary>
    /// <returns>Why that cannot be done, or null.</returns>
    public string? Capture(CudaStream stream, RunInstruments? instruments)
    {
        try
        {
            for (int turn = 0; turn < (State is null ? 1 : 2); turn++)
            {
                State?.SetAddresses(Context, turn);
                _graphs[turn] = CudaGraph.Capture(stream, () => Enqueue(stream, instruments, isRecording: true));
                _graphs[turn]!.Upload(stream);
            }
            return null;
        }
        catch (TrtVocoderException refusal)
        {
            DropGraphs();
            return refusal.Message;
        }
    }

    /// <summary>The results, once the stream is done.</summary>
    /// <param name="batch">Items asked for; an engine of a fixed batch may have run more.</param>
    public DecoderOutput Receive(int batch)
    {
        if (_inverseStft is not null)
            return DecoderOutput.FromAudio(
                new OutputValues(Host.Slice(_samples.Start, batch * Samples)), Samples,
                MemoryMarshal.Cast<float, int>(Host.Slice(_reports.Start, batch * _inverseStft.GetReportCount(Batch, Frames))));
        int count = OutputCount / Batch * batch;
        return _tensors.Form is not { } form
            ? DecoderOutput.FromAudio(GetValues(_places[1], count), Samples)
            : new DecoderOutput(
                form, GetValues(_places[1], count), GetValues(_places[2], count),
                _tensors.Outputs.Count > 2 ? GetValues(_places[3], count) : default, _tensors.Metadata.Layout, _tensors.BinCount, Frames);
    }

    /// <summary>Frees everything; what was enqueued must be done.</summary>
    public void Dispose()
    {
        DropGraphs();
        Context.Dispose();
        _extras.Dispose();
        _device?.Dispose();
        _host?.Dispose();
    }

    private void DropGraphs()
    {
        foreach (CudaGraph? graph in _graphs)
            graph?.Dispose();
        Array.Clear(_graphs);
        _deviceGraph?.Dispose();
        _deviceGraph = null;
    }

    // The same calls serve a stream that is being recorded.
    private void Enqueue(CudaStream stream, RunInstruments? instruments, bool isRecording)
    {
        instruments?.Mark(RunInstruments.Moment.Start, stream, isRecording);
        Upload(stream);
        instruments?.Mark(RunInstruments.Moment.ComputeStart, stream, isRecording);
        instruments?.EnqueueBegins();
        Context.Enqueue(stream);
        if (_inverseStft is not null)
        {
            instruments?.Mark(RunInstruments.Moment.NetworkEnd, stream, isRecording);
            InvertSpectrum(_inverseStft, stream);
        }
        instruments?.EnqueueEnds();
        instruments?.Mark(RunInstruments.Moment.ComputeEnd, stream, isRecording);
        Download(stream);
        instruments?.Mark(RunInstruments.Moment.End, stream, isRecording);
    }

    // Apart: who has a graph already must not pay for a closure.
    private CudaGraph CaptureForCaller(CudaStream own) => CudaGraph.Capture(own, () => LaunchForCaller(own.Handle));

    // Frames of one item lie side by side in each row, or are rows themselves.
    private void CopyMel(in DeviceWindow window, nint stream)
    {
        (int melCount, int size) = (_tensors.Metadata.MelCount, _places[0].IsHalf ? 2 : sizeof(float));
        (int rows, long frameBytes) = _tensors.IsFrameMajorMel ? (window.Items, (long)melCount * size) : (window.Items * melCount, size);
        for (int frame = 0, count; frame < window.Frames; frame += count)
        {
            int source = frame + window.Start;
            count = window.Frames;
            if (window.Frames > window.MelFrames)
            {
                source = ShortMel.GetSource(frame, window.MelFrames, -window.Start);
                count = 1;
            }
            CudaStream.CopyRows(
                _cuda, window.Mel + (nint)(source * frameBytes), window.MelFrames * frameBytes,
                GetAddress(_places[0].Start) + (nint)(frame * frameBytes), window.Frames * frameBytes, count * frameBytes, rows, stream);
        }
    }

    private void TransposeMel()
    {
        (int bands, int size) = (_tensors.Metadata.MelCount, MelCount / Batch);
        ReadOnlySpan<float> written = GetMel(MelCount);
        Span<float> values = _places[0].IsHalf ? [] : Host.Slice(_places[0].Start, MelCount);
        Span<Half> halves = _places[0].IsHalf ? GetHalfValues(_places[0], MelCount) : [];
        for (int item = 0; item < Batch; item++)
        {
            for (int band = 0; band < bands; band++)
            {
                ReadOnlySpan<float> row = written.Slice((item * size) + (band * Frames), Frames);
                int at = (item * size) + band;
                for (int frame = 0; frame < row.Length; frame++, at += bands)
                {
                    if (halves.IsEmpty)
                        values[at] = row[frame];
                    else
                        halves[at] = (Half)row[frame];
                }
            }
        }
    }

    private void Upload(CudaStream stream)
    {
        if (!_isMapped)
            stream.Copy(_host!, _device!, _places[0].Floats, _places[0].Start);
    }

    private (nint First, nint Second, nint Third) SpectrumAddresses =>
        (GetAddress(_places[1].Start), GetAddress(_places[2].Start), _tensors.Outputs.Count > 2 ? GetAddress(_places[3].Start) : 0);

    private void InvertSpectrum(InverseStftKernel inverseStft, CudaStream stream) => inverseStft.Launch(
        stream, Batch, Frames, SpectrumAddresses, _places[1].IsHalf, GetResultAddress(_samples.Start), GetResultAddress(_reports.Start));

    private void Download(CudaStream stream)
    {
        int start = _inverseStft is null ? _places[1].Start : _samples.Start;
        if (!_isMapped && !WritesThrough)
            stream.Copy(_device!, _host!, _hostFloats - start, start);
    }

    // Mel and results first, as far as the host's block goes; then what the host does not read.
    private void ArrangeMemory(int batch, int frames)
    {
        (int end, _wideCount, _hostFloats, _deviceStart) = (0, 0, 0, int.MaxValue);
        for (int i = 0; i < _places.Length; i++)
        {
            ref Place place = ref _places[i];
            bool isKnown = i <= _tensors.Outputs.Count;
            bool isRead = i == 0 || (isKnown && _inverseStft is null);
            int count = i == 0 ? checked(batch * _tensors.Metadata.MelCount * frames)
                : isKnown ? OutputCount : _tensors.GetCount(Context, place.Tensor);
            if (!isRead)
                _deviceStart = Math.Min(_deviceStart, end);
            // TensorRT wants an address even for an empty output.
            int floats = isKnown && place.IsHalf ? (count + 1) / 2 : count;
            if (i == 0 && _tensors.Stream is not null)
            {
                // Position and length lie behind the mel, and go the same way.
                _placeStart = checked(floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;
                floats = checked(_placeStart + AlignmentFloats + 1);
            }
            (place.Start, place.Floats) = Take(floats, isRead);
            place.WideStart = _wideCount;
            if (i == 0 ? IsMelStaged : isRead && place.IsHalf)
                _wideCount = checked(_wideCount + count);
            if (i == 0 && _inverseStft is not null)
            {
                _samples = Take(checked(batch * _inverseStft.GetSampleCount(frames)), isRead: true);
                _reports = Take(batch * _inverseStft.GetReportCount(batch, frames), isRead: true);
            }
        }
        _allFloats = end;
        _deviceStart = Math.Min(_deviceStart, end);

        Block Take(int floats, bool isRead)
        {
            Block taken = new(end, Math.Max(1, floats));
            if (isRead)
                _hostFloats = end + taken.Floats;
            end = checked(end + taken.Floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;
            return taken;
        }
    }

    private void Reserve()
    {
        bool isMapped = _isMapped || WritesThrough;
        if (_hostFloats > (_host?.Length ?? 0) || isMapped != (_host?.DeviceAddress != 0))
        {
            int capacity = (int)Grow(_host?.Length ?? 0, _hostFloats);
            _host?.Dispose();
            _host = null;
            _host = new PinnedBuffer<float>(_cuda, capacity, isMapped);
        }
        int deviceFloats = _isMapped ? _allFloats - _deviceStart : _allFloats;
        if (deviceFloats > (_device?.Length ?? 0))
        {
            long capacity = Grow(_device?.Length ?? 0, deviceFloats);
            _device?.Dispose();
            _device = null;
            _device = new DeviceBuffer<float>(_cuda, capacity);
        }
        if (_wideCount > _wide.Length)
            _wide = new float[Grow(_wide.Length, _wideCount)];

        // Doubling: lengths that creep up do not allocate each time.
        static long Grow(long capacity, int needed) => Math.Max(needed, Math.Min(2 * capacity, Array.MaxLength));
    }

    private nint GetAddress(int start)
    {
        if (!_isMapped)
            return _device!.Address + ((nint)start * sizeof(float));
        return start < _deviceStart
            ? _host!.DeviceAddress + ((nint)start * sizeof(float))
            : _device!.Address + ((nint)(start - _deviceStart) * sizeof(float));
    }

    private nint GetResultAddress(int start) =>
        WritesThrough ? _host!.DeviceAddress + ((nint)start * sizeof(float)) : GetAddress(start);

    private OutputValues GetValues(in Place place, int count) =>
        place.IsHalf
            ? new OutputValues(GetHalfValues(place, count), _wide.AsSpan(place.WideStart, count))
            : new OutputValues(Host.Slice(place.Start, count));

    private Span<Half> GetHalfValues(in Place place, int count) =>
        MemoryMarshal.Cast<float, Half>(Host.Slice(place.Start, place.Floats))[..count];

    private readonly record struct Block(int Start, int Floats);

    // Where a tensor lies in the block, in floats, and where its values lie in FP32 if it is an FP16 one.
    private struct Place(TrtTensor tensor)
    {
        public readonly TrtTensor Tensor = tensor;
        public readonly bool IsHalf = tensor.DataType == TrtDataType.Half;
        public int Start;
        public int Floats;
        public int WideStart;
    }
}
