using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// Runs an ONNX model with state from run to run. All tensors are memory of its own; of the state there are two, which take turns: what one
/// run puts out, the next one takes in, and nothing is copied. Each length of a run keeps its bindings, so that a further run of it allocates
/// nothing managed. Threads as <see cref="OnnxDecoder"/>.
/// </summary>
internal sealed class OnnxStreamDecoder : IDecoder, IVisited
{
    // A push and the end of an utterance may have any length below that of a chunk.
    private const int MaxLengths = 256;

    private readonly SharedSession _shared;
    private readonly OnnxTensors _tensors;
    private readonly StreamSignature _stream;
    private readonly DecoderInfo _info;
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly TensorBuffer _mel;
    private readonly TensorBuffer _real;
    private readonly TensorBuffer _imag;
    private readonly TensorBuffer _place = new(TensorElementType.Float);
    private readonly TensorBuffer[] _melStates = [new(TensorElementType.Float), new(TensorElementType.Float)];
    private readonly TensorBuffer[] _blockStates = [new(TensorElementType.Float), new(TensorElementType.Float)];
    private readonly List<ShapeBinding[]> _bindings = [];
    private readonly DecodeProfiler? _profiler;
    private readonly int _bins;
    private ShapeBinding[]? _current;
    private int _turn;
    private bool _started;
    private NetworkTimes _times;
    private ExclusiveUse _use;

    /// <summary>Takes over one use of <paramref name="shared"/>.</summary>
    public OnnxStreamDecoder(
        SharedSession shared, OnnxTensors tensors, StreamSignature stream, DecoderInfo info, DecodeProfiler? profiler)
    {
        (_shared, _tensors, _stream, _info, _profiler) = (shared, tensors, stream, info, profiler);
        _bins = info.Metadata.Stft.BinCount;
        _mel = new TensorBuffer(tensors.MelType);
        _real = new TensorBuffer(tensors.OutputTypes[0]);
        _imag = new TensorBuffer(tensors.OutputTypes[1]);
        _place.Reserve(2, tensors.Source);
        foreach ((TensorBuffer[] buffers, TensorShape shape) in new[] { (_melStates, stream.MelState), (_blockStates, stream.BlockState) })
            foreach (TensorBuffer buffer in buffers)
            {
                buffer.Reserve(shape.Count, tensors.Source);
                buffer.Values((int)shape.Count).Clear();
            }
    }

    /// <inheritdoc/>
    public NetworkTimes Times
    {
        get
        {
            using Visit visit = new(this);
            return _times;
        }
    }

    /// <summary>A run that begins an utterance, whose end is far.</summary>
    public Span<float> BeginInput(int batch, int frames)
    {
        if (batch != 1)
            throw new ArgumentOutOfRangeException(nameof(batch), $"A streaming model takes 1 item, not {batch}.");
        return BeginInput(frames, 0, null);
    }

    /// <inheritdoc/>
    public Span<float> BeginInput(int frames, long position, long? length)
    {
        using Visit visit = new(this);
        if (_started)
            throw new InvalidOperationException("A run was started; Finish comes before the next BeginInput.");
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (frames < _info.MinFrames || frames > _info.MaxFrames)
            throw new ArgumentOutOfRangeException(nameof(frames),
                $"The model takes {_info.MinFrames} to {_info.MaxFrames} frames, not {frames}.");
        _current = null;
        try
        {
            _current = Find(frames) ?? Bind(frames);
        }
        catch (OnnxRuntimeException error)
        {
            throw Refused(frames, error);
        }
        Span<float> place = _place.Values(2);
        (place[0], place[1]) = StreamTensors.Encode(position, length);
        return _mel.Values(_info.Metadata.MelCount * frames);
    }

    /// <inheritdoc/>
    public void Start()
    {
        using Visit visit = new(this);
        _started = _current is not null ? true : throw new InvalidOperationException("BeginInput sets the shape before a run.");
    }

    /// <inheritdoc/>
    public DecoderOutput Finish()
    {
        using Visit visit = new(this);
        if (!_started)
            throw new InvalidOperationException("Start begins a run before Finish.");
        _started = false;
        double begin = _profiler?.NowMs ?? 0;
        ShapeBinding binding = _current![_turn];
        _current = null;
        _mel.ToModel(1, _info.Metadata.MelCount, binding.Frames);
        try
        {
            _shared.Session.RunWithBinding(_runOptions, binding.Binding);
        }
        catch (OnnxRuntimeException error)
        {
            throw Refused(binding.Frames, error);
        }
        _turn = 1 - _turn;
        int count = _bins * binding.Frames;
        _real.FromModel(count);
        _imag.FromModel(count);
        if (_profiler is not null)
            _times = NetworkTimes.OnHost(begin, _profiler.NowMs);
        return DecoderOutput.FromSpectrum(_real.Values(count), _imag.Values(count), _info.Metadata.Layout, _bins, binding.Frames);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    private TrtVocoderException Refused(int frames, OnnxRuntimeException error) => new(
        $"{_tensors.Source}: ONNX Runtime could not run it on {frames} frames: {OnnxRuntimeMessage.Reason(error.Message)}", error);

    ref ExclusiveUse IVisited.Use => ref _use;

    void IVisited.Free() => Free();

    private void Free()
    {
        DropBindings();
        _runOptions.Dispose();
        foreach (TensorBuffer buffer in (ReadOnlySpan<TensorBuffer>)[_mel, _real, _imag, _place, .. _melStates, .. _blockStates])
            buffer.Dispose();
        _shared.Leave();
    }

    /// <summary>The length's bindings, from now on the latest used; null if there are none.</summary>
    private ShapeBinding[]? Find(int frames)
    {
        for (int i = _bindings.Count - 1; i >= 0; i--)
        {
            ShapeBinding[] found = _bindings[i];
            if (found[0].Frames != frames)
                continue;
            _bindings.RemoveAt(i);
            _bindings.Add(found);
            return found;
        }
        return null;
    }

    private ShapeBinding[] Bind(int frames)
    {
        long melCount = (long)_info.Metadata.MelCount * frames;
        long outputCount = (long)_bins * frames;
        if (_mel.MustMove(melCount, _tensors.Source) || _real.MustMove(outputCount, _tensors.Source))
        {
            // Before any of the memory goes that they point to, since what follows may fail.
            DropBindings();
            _mel.Reserve(melCount, _tensors.Source);
            _real.Reserve(outputCount, _tensors.Source);
            _imag.Reserve(outputCount, _tensors.Source);
        }
        else if (_bindings.Count == MaxLengths)
        {
            foreach (ShapeBinding oldest in _bindings[0])
                oldest.Dispose();
            _bindings.RemoveAt(0);
        }
        ShapeBinding[] pair = [Bind(frames, 0), Bind(frames, 1)];
        _bindings.Add(pair);
        return pair;
    }

    private ShapeBinding Bind(int frames, int turn)
    {
        long[] size = _info.Metadata.Layout == SpectrumLayout.BinsMajor ? [1, _bins, frames] : [1, frames, _bins];
        ShapeBinding shape = new(_shared.Session.CreateIoBinding(), 1, frames);
        shape.BindInput(_tensors.Signature.Mel.Name, _mel.CreateTensor([1, _info.Metadata.MelCount, frames]));
        shape.BindInput(StreamTensors.Position, _place.CreateTensor([1]));
        shape.BindInput(StreamTensors.Length, _place.CreateTensor([1], first: 1));
        shape.BindInput(StreamTensors.MelState, _melStates[turn].CreateTensor([.. _stream.MelState.Dimensions]));
        shape.BindInput(StreamTensors.BlockState, _blockStates[turn].CreateTensor([.. _stream.BlockState.Dimensions]));
        shape.BindOutput(_tensors.Signature.Outputs[0].Name, _real.CreateTensor(size));
        shape.BindOutput(_tensors.Signature.Outputs[1].Name, _imag.CreateTensor(size));
        shape.BindOutput(StreamTensors.NewMelState, _melStates[1 - turn].CreateTensor([.. _stream.MelState.Dimensions]));
        shape.BindOutput(StreamTensors.NewBlockState, _blockStates[1 - turn].CreateTensor([.. _stream.BlockState.Dimensions]));
        return shape;
    }

    private void DropBindings()
    {
        foreach (ShapeBinding binding in _bindings.SelectMany(pair => pair))
            binding.Dispose();
        _bindings.Clear();
    }
}
