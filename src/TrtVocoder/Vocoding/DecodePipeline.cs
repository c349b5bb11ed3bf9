using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes inputs of any length: covers them by windows, keeps as many runs under way as there are lanes, and turns the results of the
/// earliest into samples while the others run. One thread at a time; after the first decode of a kind nothing is allocated.
/// </summary>
internal sealed class DecodePipeline : IDisposable
{
    private readonly Func<IDecoder> _createDecoder;
    private readonly DecoderInfo _info;
    private readonly InverseStft? _inverseStft;
    private readonly DecodeProfiler? _profiler;
    private readonly bool _checksOutput;
    private readonly WindowCursor _cover;
    private readonly SharedCopy _copy = new(HelperThreads.Shared);
    private readonly List<DecodeLane> _lanes = [];
    private float[] _room = [];
    private int _mostLanes;
    private int _nextLane;
    private NetworkTimes _times;
    private double _inverseStftMs;
    private int _runs;
    private int _finished;
    private int _computedFrames;

    /// <summary>
    /// Makes the first lane and the inverse STFT; further lanes are made when first needed, those of an engine by <see cref="WarmUp"/>.
    /// </summary>
    public DecodePipeline(
        Func<IDecoder> createDecoder, DecoderInfo info, int mostWindowLengths, VocoderOptions options, DecodeProfiler? profiler)
    {
        _createDecoder = createDecoder;
        _info = info;
        _profiler = profiler;
        _checksOutput = options.CheckOutput;
        _cover = new WindowCursor(mostWindowLengths);
        _mostLanes = options.RunsInFlight > 0 ? options.RunsInFlight : info.RunsInFlight;
        int threads = options.InverseStftThreads > 0 ? options.InverseStftThreads : Math.Min(
            Environment.ProcessorCount, VocoderOptions.MaxInverseStftThreads);
        _lanes.Add(new DecodeLane(createDecoder()));
        try
        {
            _inverseStft = info.Signal == OutputKind.Spectrum ? new InverseStft(info.Metadata.Stft, threads) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The first lane's decoder, for runs one after the other.</summary>
    public IDecoder Decoder => _lanes[0].Decoder;

    /// <summary>Whether each item of a batch is a run of its own.</summary>
    public bool DecodesSingly { get; set; }

    /// <summary>Prepared shapes and memory of all lanes.</summary>
    public DecoderState State
    {
        get
        {
            DecoderState state = new();
            foreach (DecodeLane lane in _lanes)
                state = state.Add(lane.Decoder.State);
            return state;
        }
    }

    /// <summary>Where the last decode's time went; null where nothing measures.</summary>
    public DecodeTimes? Times { get; private set; }

    /// <summary>Decodes a batch whose sizes and values have been checked.</summary>
    /// <param name="plan">The windows.</param>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items, at least 1.</param>
    /// <param name="frames">Frames of each, at least 1.</param>
    /// <param name="audio">[batch, samples].</param>
    /// <param name="samples">Samples of each item, at least 1.</param>
    /// <param name="cancellationToken">Ends it before the next window.</param>
    public void Decode(
        WindowPlan plan, ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio, int samples,
        CancellationToken cancellationToken)
    {
        double start = Begin();
        int units = _inverseStft is not null ? frames : samples;
        int itemsPerRun = GetItemsPerRun(plan, frames);
        try
        {
            for (int item = 0; item < batch; item += itemsPerRun)
            {
                int items = Math.Min(itemsPerRun, batch - item);
                _cover.Reset(plan, frames, units);
                while (_cover.MoveNext())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    DecodeLane lane = TakeLane(frames, audio, samples);
                    Send(lane, mel, item, items, frames);
                }
            }
            for (int i = 0; i < _lanes.Count; i++)
                Complete(_lanes[(_nextLane + i) % _lanes.Count], frames, audio, samples);
            // Where the host adds frames up, a sample is whole only now.
            if (_checksOutput && _inverseStft is not null && NonFinite.IndexOf(audio[..(batch * samples)]) is >= 0 and int index)
                throw NotFinite(index / samples, index % samples);
        }
        catch
        {
            foreach (DecodeLane lane in _lanes)
                lane.Abandon();
            throw;
        }
        finally
        {
            _nextLane = 0;
        }
        if (_profiler is not null)
            Report(_profiler, start, batch, frames);
    }

    /// <summary>Enqueues a decode from and to GPU memory, whose sizes have been checked, in a stream of the caller's.</summary>
    /// <param name="decoder">The first lane's.</param>
    /// <param name="plan">The windows.</param>
    /// <param name="mel">CUdeviceptr of [batch, n_mels, frames].</param>
    /// <param name="batch">Items, at least 1.</param>
    /// <param name="frames">Frames of each, at least 1.</param>
    /// <param name="audio">CUdeviceptr of [batch, samples].</param>
    /// <param name="samples">Samples of each item, at least 1.</param>
    /// <param name="stream">The CUstream.</param>
    public void DecodeOnDevice(TrtDecoder decoder, WindowPlan plan, nint mel, int batch, int frames, nint audio, int samples, nint stream)
    {
        nint melBytes = (nint)decoder.MelBytes * _info.Metadata.MelCount * frames;
        nint audioBytes = (nint)decoder.SampleBytes * samples;
        int itemsPerRun = GetItemsPerRun(plan, frames);
        for (int item = 0; item < batch; item += itemsPerRun)
        {
            int items = Math.Min(itemsPerRun, batch - item);
            _cover.Reset(plan, frames, samples);
            while (_cover.MoveNext())
            {
                decoder.RunWindow(
                    new DeviceWindow(
                        mel + (item * melBytes), items, frames, _cover.Start, _cover.Frames, audio + (item * audioBytes), samples,
                        _cover.Begin, _cover.End, _cover.Begin - (_cover.Start * _info.Metadata.HopLength)),
                    stream);
            }
        }
    }

    /// <summary>
    /// Decodes a batch into memory of its own: samples that one run makes side by side stay where the decoder has them (an engine's: in
    /// pinned memory). They are valid until the next use.
    /// </summary>
    /// <returns>[batch, samples]. Parameters are those of <see cref="Decode"/>.</returns>
    public ReadOnlySpan<float> DecodeInPlace(
        WindowPlan plan, ReadOnlySpan<float> mel, int batch, int frames, int samples, CancellationToken cancellationToken)
    {
        if (!IsOneRun(plan, batch, frames, samples))
        {
            Span<float> room = GetRoom(batch * samples);
            Decode(plan, mel, batch, frames, room, samples, cancellationToken);
            return room;
        }
        double start = Begin();
        cancellationToken.ThrowIfCancellationRequested();
        DecodeLane lane = _lanes[0];
        Send(lane, mel, 0, batch, frames);
        DecoderOutput output = Finish(lane);
        ReadOnlySpan<float> audio = batch == 1
            ? GetSamples(output, 0, -lane.Start * _info.Metadata.HopLength, samples)
            : output.Samples == samples ? output.GetAudioOfItems(batch) : Gather(output, batch, samples);
        if (_checksOutput && !output.IsKnownFinite && NonFinite.IndexOf(audio) is >= 0 and int index)
            throw NotFinite(index / samples, index % samples);
        if (_profiler is not null)
            Report(_profiler, start, batch, frames);
        return audio;
    }

    /// <summary>Room that lasts until it is asked for again.</summary>
    public Span<float> GetRoom(int count)
    {
        if (_room.Length < count)
            _room = new float[count];
        return _room.AsSpan(0, count);
    }

    /// <summary>Uses a decoder beside decodes, to ask the model something.</summary>
    public T UseDecoder<T>(Func<IDecoder, T> use)
    {
        _profiler?.PauseLayers(true);
        try
        {
            return use(_lanes[0].Decoder);
        }
        finally
        {
            _profiler?.PauseLayers(false);
        }
    }

    /// <summary>
    /// Makes the windows of one input, or of all inputs (0 frames), ready on all lanes that will run them. Cancelled, it ends before the next.
    /// </summary>
    public void WarmUp(WindowPlan plan, int batch, int frames, CancellationToken cancellationToken)
    {
        if (frames == 0)
        {
            AddLanes(_mostLanes);
            foreach (DecodeLane lane in _lanes)
                foreach (int length in plan.Frames)
                    RunOnce(lane.Decoder, Math.Min(batch, GetItemsPerRun(plan, length)), length, isPinned: true, cancellationToken);
            return;
        }
        List<(int Items, int Frames)> runs = GetRuns(plan, batch, frames);
        AddLanes(Math.Min(runs.Count, _mostLanes));
        foreach ((int items, int length) in runs.Distinct())
            foreach (DecodeLane lane in _lanes)
                RunOnce(lane.Decoder, items, length, isPinned: false, cancellationToken);
    }

    /// <summary>What a run of each length costs on the first lane: the least of several, in ms. They must be warm.</summary>
    public double[] MeasureCosts(IReadOnlyList<int> lengths)
    {
        const int Repeats = 5;
        double[] costs = new double[lengths.Count];
        IDecoder decoder = _lanes[0].Decoder;
        for (int i = 0; i < costs.Length; i++)
        {
            costs[i] = double.PositiveInfinity;
            for (int repeat = 0; repeat < Repeats; repeat++)
            {
                long start = System.Diagnostics.Stopwatch.GetTimestamp();
                SilentRun.Run(decoder, _info, 1, lengths[i], _profiler);
                costs[i] = Math.Min(costs[i], System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }
        return costs;
    }

    /// <summary>
    /// Samples of an item. A graph may put out more than upstream's ISTFT keeps (F5-TTS's own export: one hop more), never fewer.
    /// </summary>
    public static ReadOnlySpan<float> GetSamples(scoped in DecoderOutput output, int item, int first, int count)
    {
        DecoderOutput.CheckSamples(output.Samples, first + count);
        return output.GetAudio(item, first, count);
    }

    public void Dispose()
    {
        _inverseStft?.Dispose();
        foreach (DecodeLane lane in _lanes)
            lane.Decoder.Dispose();
    }

    private double Begin()
    {
        (_times, _inverseStftMs, _runs, _finished, _computedFrames) = (default, 0, 0, 0, 0);
        return _profiler?.NowMs ?? 0;
    }

    // Of several items the samples lie side by side only where a run gives nothing else.
    private bool IsOneRun(WindowPlan plan, int batch, int frames, int samples)
    {
        if (_inverseStft is not null || GetItemsPerRun(plan, frames) < batch)
            return false;
        _cover.Reset(plan, frames, samples);
        return _cover.MoveNext() && _cover.End == samples && (batch == 1 || _cover.Frames == frames);
    }

    // What puts out more samples than are kept has them in between.
    private ReadOnlySpan<float> Gather(scoped in DecoderOutput output, int batch, int samples)
    {
        Span<float> room = GetRoom(batch * samples);
        for (int item = 0; item < batch; item++)
            GetSamples(output, item, 0, samples).CopyTo(room[(item * samples)..]);
        return room;
    }

    private int GetItemsPerRun(WindowPlan plan, int frames) =>
        DecodesSingly ? 1
        : _info.MaxBatch == int.MaxValue ? Math.Max(1, plan.Longest / Math.Clamp(frames, plan.Shortest, plan.Longest))
        : _info.MaxBatch;

    /// <summary>The runs of a decode, in their order.</summary>
    private List<(int Items, int Frames)> GetRuns(WindowPlan plan, int batch, int frames)
    {
        List<(int, int)> runs = [];
        int units = _inverseStft is not null ? frames : _info.Metadata.GetSampleCount(frames);
        int itemsPerRun = GetItemsPerRun(plan, frames);
        for (int item = 0; item < batch; item += itemsPerRun)
        {
            _cover.Reset(plan, frames, units);
            while (_cover.MoveNext())
                runs.Add((Math.Min(itemsPerRun, batch - item), _cover.Frames));
        }
        return runs;
    }

    private void AddLanes(int count)
    {
        while (_lanes.Count < count && TryAddLane())
        {
        }
    }

    private void RunOnce(IDecoder decoder, int items, int frames, bool isPinned, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SilentRun.Prepare(decoder, _info, items, frames, isPinned, _profiler);
    }

    /// <summary>
    /// The lane for the next run: a free one, a new one, or the one whose run began first, after its result is dealt with.
    /// </summary>
    private DecodeLane TakeLane(int frames, Span<float> audio, int samples)
    {
        // Where shapes are costly decoders are too, and only a warm-up makes them.
        if (_lanes[_nextLane].IsBusy && !_info.HasCostlyShapes && _lanes.Count < _mostLanes && TryAddLane())
            _nextLane = _lanes.Count - 1;
        DecodeLane lane = _lanes[_nextLane];
        Complete(lane, frames, audio, samples);
        _nextLane = (_nextLane + 1) % _lanes.Count;
        return lane;
    }

    private bool TryAddLane()
    {
        try
        {
            _lanes.Add(new DecodeLane(_createDecoder()));
            return true;
        }
        catch (ObjectDisposedException)
        {
            // Sessions outlive their vocoder: then those lanes serve that are there.
            _mostLanes = _lanes.Count;
            return false;
        }
    }

    private void Send(DecodeLane lane, ReadOnlySpan<float> mel, int item, int items, int frames)
    {
        int melCount = _info.Metadata.MelCount;
        int window = _cover.Frames;
        Span<float> input = lane.Decoder.BeginInput(items, window);
        ReadOnlySpan<float> source = mel.Slice(item * melCount * frames, items * melCount * frames);
        MelWindow.Copy(source, items * melCount, frames, _cover.Start, input, window);
        lane.StartRun(item, items, _cover);
        _runs++;
        _computedFrames += items * window;
    }

    /// <summary>Waits for a lane's run, if there is one, and writes what it alone gives to the samples.</summary>
    private void Complete(DecodeLane lane, int frames, Span<float> audio, int samples)
    {
        if (!lane.IsBusy)
            return;
        if (_info.HasCostlyShapes)
            _inverseStft?.Expect(lane.End - lane.Begin);
        DecoderOutput output = Finish(lane);
        bool isFinite = !_checksOutput || output.IsKnownFinite;
        double start = _profiler?.NowMs ?? 0;
        if (_inverseStft is null && output.Samples == samples && lane.End - lane.Begin == samples)
        {
            Span<float> target = audio.Slice(lane.Item * samples, lane.Items * samples);
            if (_copy.Copy(output.GetAudioOfItems(lane.Items), target, isChecked: !isFinite) is >= 0 and int index)
                throw NotFinite(lane.Item + (index / samples), index % samples);
            return;
        }
        for (int i = 0; i < lane.Items; i++)
        {
            Span<float> target = audio.Slice((lane.Item + i) * samples, samples);
            if (_inverseStft is not null)
                _inverseStft.Accumulate(output.GetSpectrum(i, lane.Begin - lane.Start, lane.End - lane.Begin), lane.Begin, frames, target);
            else
                CopySamples(output, i, lane, target, isFinite);
        }
        if (_profiler is not null && _inverseStft is not null)
            _inverseStftMs += _profiler.NowMs - start;
    }

    private DecoderOutput Finish(DecodeLane lane)
    {
        DecoderOutput output = lane.Finish();
        if (_profiler is not null)
            _times = _finished++ == 0 ? lane.Decoder.Times : _times.Then(lane.Decoder.Times);
        return output;
    }

    private void CopySamples(in DecoderOutput output, int item, DecodeLane lane, Span<float> audio, bool isFinite)
    {
        ReadOnlySpan<float> part = GetSamples(output, item, lane.Begin - (lane.Start * _info.Metadata.HopLength), lane.End - lane.Begin);
        Span<float> target = audio[lane.Begin..lane.End];
        if (isFinite)
            part.CopyTo(target);
        else if (NonFinite.Copy(part, target) is >= 0 and int index)
            throw NotFinite(lane.Item + item, lane.Begin + index);
    }

    private TrtVocoderException NotFinite(int item, int sample) => VocoderSession.NonFiniteAudio(_info, $"item {item}, sample {sample}");

    private void Report(DecodeProfiler profiler, double start, int batch, int frames)
    {
        DecodeTimes times = new()
        {
            Batch = batch,
            Frames = frames,
            Windows = _runs,
            ComputedFrames = _computedFrames,
            ChangedShape = _times.ChangedShape,
            UsedGraph = _times.UsedGraph,
            Network = _times,
            InverseStftMs = _inverseStftMs + _times.InverseStftMs,
            StartMs = start,
            EndToEndMs = profiler.NowMs - start,
        };
        Times = times;
        profiler.Add(times);
    }
}
