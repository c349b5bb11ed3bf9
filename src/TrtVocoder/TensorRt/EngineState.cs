using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The state of an engine that keeps one, on the GPU, for all shapes of a decoder. It is there twice, and the two take turns: what one run
/// puts out the next one takes in, and nothing is copied. What it holds at an utterance's start does not matter.
/// </summary>
internal sealed class EngineState : IDisposable
{
    private const int AlignmentFloats = TrtExecutionContext.AddressAlignmentBytes / sizeof(float);

    private readonly EngineStream _stream;
    private readonly DeviceBuffer<float> _memory;
    private readonly int[] _starts;
    private readonly int _size;

    /// <summary>Takes the memory.</summary>
    /// <exception cref="CudaException">Memory is used up.</exception>
    public EngineState(CudaContext cuda, EngineStream stream)
    {
        _stream = stream;
        _starts = new int[stream.States.Count];
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = _size;
            long count = stream.States[i].Old.Dimensions.Aggregate(1L, (product, size) => checked(product * size));
            _size = checked((int)((_size + count + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats));
        }
        _memory = new DeviceBuffer<float>(cuda, checked(2 * _size));
    }

    /// <summary>Which of the two the next run takes in: 0 or 1.</summary>
    public int Turn { get; private set; }

    public long Bytes => sizeof(float) * _memory.Length;

    /// <summary>Points a context to what a run of this turn takes in and puts out.</summary>
    public void SetAddresses(TrtExecutionContext context, int turn)
    {
        for (int i = 0; i < _starts.Length; i++)
        {
            context.SetAddress(_stream.States[i].Old, GetAddress(i, turn));
            context.SetAddress(_stream.States[i].New, GetAddress(i, 1 - turn));
        }
    }

    /// <summary>After a run was enqueued.</summary>
    public void Flip() => Turn = 1 - Turn;

    public void Dispose() => _memory.Dispose();

    private nint GetAddress(int state, int turn) => _memory.Address + ((nint)((turn * _size) + _starts[state]) * sizeof(float));
}
