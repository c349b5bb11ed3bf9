using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>Asks an engine what neither its file nor a sidecar says. Its context is made by the first run.</summary>
internal sealed class EngineProbe : INetworkProbe, IDisposable
{
    // Enough for every receptive field that is asked for, and soon computed.
    private const int EnoughFrames = 4096;

    private readonly TrtEngine _engine;
    private readonly string _source;
    private readonly int _profile;
    private readonly IReadOnlyList<long> _least = [1, 1, 1];
    private readonly IReadOnlyList<long> _most = [1, EnoughFrames, EnoughFrames];
    private CudaStream? _stream;
    private TrtExecutionContext? _context;

    /// <summary>Reads the shapes that a profile takes.</summary>
    public EngineProbe(TrtEngine engine, string source, int profile)
    {
        (_engine, _source, _profile) = (engine, source, profile);
        if (engine.Tensors.FirstOrDefault(IsMel) is not { } mel)
            return;
        (IReadOnlyList<long> min, _, IReadOnlyList<long> max) = engine.GetProfileShape(mel, profile);
        if (min.Count != 3 || max.Count != 3)
            return;
        (LeastBatch, _least, _most) = ((int)min[0], min, max);

        static bool IsMel(TrtTensor tensor) => tensor.IsInput && tensor.Dimensions.Count == 3 && !EngineTensors.IsInteger(tensor.DataType);
    }

    /// <inheritdoc/>
    public int LeastBatch { get; } = 1;

    /// <inheritdoc/>
    public (int Least, int Most) GetFrames(int axis) =>
        ((int)_least[axis], (int)Math.Max(_least[axis], Math.Min(_most[axis], EnoughFrames)));

    /// <inheritdoc/>
    public IReadOnlyList<TensorValues> Run(IReadOnlyList<TensorValues> inputs, int frames)
    {
        _stream ??= CudaStream.Create(_engine.Context);
        _context ??= _engine.CreateContext(_profile, _stream);
        List<DeviceBuffer<byte>> memory = [];
        List<(TrtTensor Tensor, long[] Shape, DeviceBuffer<byte> Memory)> outputs = [];
        try
        {
            foreach (TensorValues input in inputs)
            {
                TrtTensor tensor = _engine.Tensors.First(candidate => candidate.Name == input.Name);
                if (!TensorBytes.IsKnown(tensor.DataType) || !tensor.IsLinear || tensor.IsOnHost)
                    throw new DataFormatException($"{_source}: its input {tensor} is of a kind that this library does not write.");
                _context.SetInputShape(tensor, [.. input.Shape]);
                memory.Add(TensorBytes.Upload(_stream, tensor.DataType, input.Values));
                _context.SetAddress(tensor, memory[^1].Address);
            }
            Span<long> shape = stackalloc long[8];
            foreach (TrtTensor tensor in _engine.Tensors.Where(tensor => !tensor.IsInput))
            {
                int rank = _context.GetShape(tensor, shape);
                if (rank < 0 || shape[..rank].Contains(-1))
                    throw EngineTensors.DependsOnData(_source, tensor);
                long[] sizes = shape[..rank].ToArray();
                long bytes = TensorBytes.SizeOf(tensor.DataType, sizes.Aggregate(1L, (count, size) => count * size));
                memory.Add(new DeviceBuffer<byte>(_engine.Context, Math.Max(1, bytes)));
                _context.SetAddress(tensor, memory[^1].Address);
                outputs.Add((tensor, sizes, memory[^1]));
            }
            _context.Enqueue(_stream);
            List<TensorValues> values = [];
            foreach ((TrtTensor tensor, long[] sizes, DeviceBuffer<byte> from) in outputs)
            {
                if (!tensor.IsLinear || tensor.DataType is not (TrtDataType.Float or TrtDataType.Half))
                    continue;
                int count = (int)sizes.Aggregate(1L, (product, size) => product * size);
                values.Add(new TensorValues(tensor.Name, sizes, TensorBytes.Download(_stream, tensor.DataType, from, count)));
            }
            return values;
        }
        finally
        {
            _stream.Drain();
            foreach (DeviceBuffer<byte> buffer in memory)
                buffer.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _context?.Dispose();
        _stream?.Dispose();
    }
}
