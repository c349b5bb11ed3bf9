namespace TrtVocoder.Decoding;

/// <summary>The state of a network that takes a mel piece by piece, as <see cref="StreamTensors"/> names it.</summary>
/// <param name="MelState">Shape of <see cref="StreamTensors.MelState"/>.</param>
/// <param name="BlockState">Shape of <see cref="StreamTensors.BlockState"/>.</param>
internal sealed record StreamSignature(TensorShape MelState, TensorShape BlockState)
{
    private static readonly string[] Inputs =
        [StreamTensors.Position, StreamTensors.Length, StreamTensors.MelState, StreamTensors.BlockState];

    private static readonly string[] Outputs = [StreamTensors.NewMelState, StreamTensors.NewBlockState];

    /// <summary>Takes the state out of a network's inputs and outputs.</summary>
    /// <exception cref="DataFormatException">It is not all there, or of shapes that depend on the run.</exception>
    public static StreamSignature Split(
        string source, VocoderMetadata metadata, ref IReadOnlyList<TensorShape> inputs, ref IReadOnlyList<TensorShape> outputs)
    {
        if (metadata.Signal != OutputKind.Spectrum || metadata.ReceptiveFieldFrames is null)
            throw new DataFormatException(
                $"{source}: its metadata say that it streams, but not that it puts out spectra of a known receptive field; export the model "
                    + $"again.");
        TensorShape[] given = Find(Inputs, inputs);
        TensorShape[] taken = Find(Outputs, outputs);
        foreach ((TensorShape from, TensorShape to) in taken.Zip(given[2..]))
            if (!from.Dimensions.SequenceEqual(to.Dimensions))
                throw new DataFormatException($"{source}: its new state {from} is not of the shape of {to}; export the model again.");
        inputs = [.. inputs.Except(given)];
        outputs = [.. outputs.Except(taken)];
        return new StreamSignature(given[2], given[3]);

        TensorShape[] Find(string[] names, IReadOnlyList<TensorShape> tensors) => [.. names.Select(name =>
            tensors.FirstOrDefault(tensor => tensor.Name == name) is not { } found
                ? throw new DataFormatException(
                    $"{source}: its metadata say that it streams, but it has no tensor '{name}'; export the model again.")
                : found.Dimensions.Any(size => size is < 1 or > int.MaxValue) || found.Count > int.MaxValue
                    ? throw new DataFormatException($"{source}: the size of its state {found} is not known; export the model again.")
                    : found)];
    }
}
