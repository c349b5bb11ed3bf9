using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// Runs an ONNX model from and to memory of its own. For each recent shape the tensors stay bound, so that a further run of that
/// shape is one native call that allocates nothing managed. One thread at a time: a call while another thread is inside throws
/// <see cref="InvalidOperationException"/>, and disposal waits until that thread is out.
/// </summary>
internal sealed class OnnxDecoder : IDecoder, IVisited
{
    private const int MaxBindings = 8;
    private readonly SharedSession _shared;
    private readonly OnnxTensors _tensors;
    private readonly DecoderInfo _info;
    private readonly int _binCount;
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly TensorBuffer _mel;
    private readonly TensorBuffer[] _outputs;
    private readonly List<ShapeBinding> _bindings = new(MaxBindings);
    private readonly DecodeProfiler? _profiler;
    private readonly bool _ownThread;
    private readonly Action _compute;
    private ParkedThread? _thread;
    private ShapeBinding? _current;
    private double _startMs;
    private double _startedMs;
    private NetworkTimes _times;
    private NetworkTimes _runTimes;
    private volatile bool _isMeasured;
    private bool _started;
    private ExclusiveUse _use;

    /// <summary>Takes over one use of <paramref name="shared"/>.</summary>
    /// <param name="shared">The session.</param>
    /// <param name="tensors">The model's tensors.</param>
    /// <param name="info">The model.</param>
    /// <param name="profiler">Whose clock the times tell; null for none.</param>
    /// <param name="ownThread">
    /// Whether <see cref="Start"/> hands the run to a thread of the decoder's own and returns; otherwise <see cref="Finish"/> computes.
    /// </param>
    public OnnxDecoder(SharedSession shared, OnnxTensors tensors, DecoderInfo info, DecodeProfiler? profiler, bool ownThread)
    {
        _ownThread = ownThread;
        _compute = Compute;
        _profiler = profiler;
        _shared = shared;
        _tensors = tensors;
        _info = info;
        _binCount = (info.Metadata.FftLength / 2) + 1;
        _mel = new TensorBuffer(tensors.MelType, tensors.Signature.Inputs.IsFrameMajor);
        _outputs = [.. tensors.OutputTypes.Select(type => new TensorBuffer(type))];
    }

    /// <inheritdoc/>
    public Span<float> BeginInput(int batch, int frames)
    {
        using Visit visit = new(this);
        if (_started)
            throw new InvalidOperationException("A run was started; Finish comes before the next BeginInput.");
        if (batch < 1 || batch > _info.MaxBatch)
            throw new ArgumentOutOfRangeException(nameof(batch), $"The model takes 1 to {_info.MaxBatch} items, not {batch}.");
        if (frames < _info.MinFrames || frames > _info.MaxFrames)
            throw new ArgumentOutOfRangeException(nameof(frames),
                $"The model takes {_info.MinFrames} to {_info.MaxFrames} frames, not {frames}.");

        _current = null;
        try
        {
            _current = Find(RunBatch(batch), frames) ?? Bind(RunBatch(batch), frames);
        }
        catch (OnnxRuntimeException error)
        {
            throw Refused(batch, frames, error);
        }
        return _mel.Values(batch * _info.Metadata.MelCount * frames);
    }

    /// <inheritdoc/>
    public NetworkTimes Times
    {
        get
        {
            using Visit visit = new(this);
            return _isMeasured ? _runTimes : _times;
        }
    }

    /// <inheritdoc/>
    public void Start()
    {
        using Visit visit = new(this);
        _isMeasured = false;
        _started = _current is not null ? true : throw new InvalidOperationException("BeginInput sets the shape before a run.");
        _startMs = _profiler?.NowMs ?? 0;
        if (_ownThread)
            (_thread ??= new ParkedThread("TrtVocoder decoder")).Post(_compute);
        _startedMs = _profiler?.NowMs ?? 0;
    }

    /// <inheritdoc/>
    public DecoderOutput Finish()
    {
        using Visit visit = new(this);
        if (!_started)
            throw new InvalidOperationException("Start begins a run before Finish.");
        _started = false;
        if (_thread is null || _thread.TryTakeBack())
        {
            Compute();
        }
        else
        {
            _thread.Wait();
            _thread.TakeFailure()?.Throw();
        }

        _times = _runTimes;
        ShapeBinding shape = _current!;
        int count = shape.Batch * ItemSize(shape);
        return _tensors.Signature.Form is not { } form
            ? DecoderOutput.FromAudio(_outputs[0].Values(count), shape.Samples)
            : new DecoderOutput(
                form, Output(0, count), Output(1, count), _outputs.Length > 2 ? Output(2, count) : default, _info.Metadata.Layout,
                _binCount, shape.Frames);
    }

    private OutputValues Output(int index, int count) => new(_outputs[index].Values(count));

    /// <summary>One run, on the caller's thread or the decoder's own.</summary>
    private void Compute()
    {
        double begin = _profiler?.NowMs ?? 0;
        ShapeBinding shape = _current!;
        _mel.ToModel(shape.Batch, _info.Metadata.MelCount, shape.Frames);
        try
        {
            _shared.Session.RunWithBinding(_runOptions, shape.Binding);
            if (shape.Samples < 0)
                AdoptSamples(shape);
        }
        catch (OnnxRuntimeException error)
        {
            throw Refused(shape.Batch, shape.Frames, error);
        }
        int count = shape.Batch * ItemSize(shape);
        foreach (TensorBuffer output in _outputs)
            output.FromModel(count);
        if (_profiler is null)
            return;
        _runTimes = NetworkTimes.OnHost(begin, _profiler.NowMs) with { EnqueueStartMs = _startMs, EnqueueEndMs = _startedMs };
        // Whoever asks while the run's thread is at work gets the times of the run before.
        _isMeasured = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    ref ExclusiveUse IVisited.Use => ref _use;

    void IVisited.Free() => Free();

    private void Free()
    {
        _thread?.Dispose();
        DropBindings();
        _runOptions.Dispose();
        _mel.Dispose();
        foreach (TensorBuffer output in _outputs)
            output.Dispose();
        _shared.Leave();
    }

    private bool IsSpectrum => _tensors.Signature.Form is not null;

    private TrtVocoderException Refused(int batch, int frames, OnnxRuntimeException error) => new(
        $"{_tensors.Source}: ONNX Runtime could not run it on [{batch}, {_info.Metadata.MelCount}, {frames}]: "
            + OnnxRuntimeMessage.Reason(error.Message), error);

    /// <summary>Values of one item in each output.</summary>
    private int ItemSize(ShapeBinding shape) => IsSpectrum ? _binCount * shape.Frames : shape.Samples;

    /// <summary>A model exported for a fixed batch always runs all its items; those not asked for hold whatever was there.</summary>
    private int RunBatch(int batch) => _info.MaxBatch == int.MaxValue ? batch : _info.MaxBatch;

    /// <summary>The shape's binding, from now on the latest used; null if there is none.</summary>
    private ShapeBinding? Find(int batch, int frames)
    {
        for (int i = _bindings.Count - 1; i >= 0; i--)
        {
            ShapeBinding binding = _bindings[i];
            if (binding.Batch != batch || binding.Frames != frames)
                continue;
            _bindings.RemoveAt(i);
            _bindings.Add(binding);
            return binding;
        }
        return null;
    }

    private ShapeBinding Bind(int batch, int frames)
    {
        ModelSignature signature = _tensors.Signature;
        // How many samples a foreign waveform model puts out shows only when it runs.
        bool known = IsSpectrum || signature.HasMetadata;
        int samples = known ? _info.Metadata.GetSampleCount(frames) : -1;
        long melCount = (long)batch * _info.Metadata.MelCount * frames;
        long outputCount = !known ? 0 : batch * (IsSpectrum ? (long)_binCount * frames : samples);
        bool moves = _mel.MustMove(melCount, _tensors.Source);
        foreach (TensorBuffer output in _outputs)
            moves |= output.MustMove(outputCount, _tensors.Source);
        if (moves)
        {
            // Before any of the memory goes that they point to, since what follows may fail.
            DropBindings();
            _mel.Reserve(melCount, _tensors.Source);
            foreach (TensorBuffer output in _outputs)
                output.Reserve(outputCount, _tensors.Source);
            _mel.Values((int)melCount).Clear();
        }
        else if (_bindings.Count == MaxBindings)
        {
            _bindings[0].Dispose();
            _bindings.RemoveAt(0);
        }

        ShapeBinding shape = new(_shared.Session.CreateIoBinding(), batch, frames) { Samples = samples };
        shape.BindInput(signature.Mel.Name, _mel.CreateTensor(signature.Inputs.ShapeFor(batch, frames)));
        for (int i = 0; i < signature.Inputs.Extras.Count; i++)
        {
            ExtraInput extra = signature.Inputs.Extras[i];
            shape.BindInput(extra.Tensor.Name, OnnxProbe.CreateTensor(_tensors.ExtraTypes[i], extra.ValuesFor(batch, frames)));
        }
        if (!known)
        {
            shape.Binding.BindOutputToDevice(signature.Outputs[0].Name, OrtMemoryInfo.DefaultInstance);
        }
        else if (IsSpectrum)
        {
            long[] size = _info.Metadata.Layout == SpectrumLayout.BinsMajor ? [batch, _binCount, frames] : [batch, frames, _binCount];
            for (int i = 0; i < _outputs.Length; i++)
                shape.BindOutput(signature.Outputs[i].Name, _outputs[i].CreateTensor(size));
        }
        else
        {
            BindSamples(shape);
        }
        _bindings.Add(shape);
        return shape;
    }

    /// <summary>
    /// After the first run of a shape: learns how many samples there were, keeps them, and binds memory of our own for the runs to come.
    /// </summary>
    private void AdoptSamples(ShapeBinding shape)
    {
        using IDisposableReadOnlyCollection<OrtValue> outputs = shape.Binding.GetOutputValues();
        long[] size = outputs[0].GetTensorTypeAndShape().Shape;
        long count = size.Aggregate(1L, (product, length) => product * length);
        if (size.Length == 0 || count % shape.Batch != 0 || (size.Length > 1 && size[0] != shape.Batch))
            throw new DataFormatException(
                $"{_tensors.Source}: for {shape.Batch} mels it put out [{string.Join(", ", size)}], not [batch, samples].");
        if (_outputs[0].MustMove(count, _tensors.Source))
        {
            DropBindings(except: shape);
            _outputs[0].Reserve(count, _tensors.Source);
        }
        shape.Samples = (int)(count / shape.Batch);
        BindSamples(shape);
        // The samples are still ONNX Runtime's: one more run puts them where they belong from now on.
        _shared.Session.RunWithBinding(_runOptions, shape.Binding);
    }

    private void BindSamples(ShapeBinding shape)
    {
        TensorShape audio = _tensors.Signature.Outputs[0];
        long[] size = audio.Dimensions.Count switch
        {
            1 => [shape.Samples],
            2 => [shape.Batch, shape.Samples],
            _ => audio.Dimensions[1] == 1 ? [shape.Batch, 1, shape.Samples] : [shape.Batch, shape.Samples, 1],
        };
        shape.BindOutput(audio.Name, _outputs[0].CreateTensor(size));
    }

    private void DropBindings(ShapeBinding? except = null)
    {
        foreach (ShapeBinding binding in _bindings)
            if (binding != except)
                binding.Dispose();
        _bindings.RemoveAll(binding => binding != except);
    }
}
