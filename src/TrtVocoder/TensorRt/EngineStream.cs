using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>The tensors of an engine that keeps state from run to run.</summary>
internal sealed class EngineStream
{
    public EngineStream(IReadOnlyList<TrtTensor> tensors)
    {
        Position = Find(StreamTensors.Position);
        Length = Find(StreamTensors.Length);
        States =
        [
            (Find(StreamTensors.MelState), Find(StreamTensors.NewMelState)),
            (Find(StreamTensors.BlockState), Find(StreamTensors.NewBlockState)),
        ];

        TrtTensor Find(string name) => tensors.First(tensor => tensor.Name == name);
    }

    public TrtTensor Position { get; }

    public TrtTensor Length { get; }

    /// <summary>Each state as it goes in, and as it comes out.</summary>
    public IReadOnlyList<(TrtTensor Old, TrtTensor New)> States { get; }

    /// <summary>All of them.</summary>
    public IEnumerable<TrtTensor> Tensors => [Position, Length, .. States.SelectMany(state => new[] { state.Old, state.New })];
}
