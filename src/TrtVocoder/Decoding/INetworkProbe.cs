namespace TrtVocoder.Decoding;

/// <summary>Runs a network once and slowly, to ask it what its file does not say. One thread at a time.</summary>
internal interface INetworkProbe
{
    /// <summary>The fewest items of a run.</summary>
    int LeastBatch { get; }

    /// <summary>The fewest and the most frames of a run.</summary>
    /// <param name="axis">The axis of the mel that is the frames: 1 or 2.</param>
    (int Least, int Most) GetFrames(int axis);

    /// <summary>Runs it.</summary>
    /// <param name="inputs">All inputs, by value.</param>
    /// <param name="frames">Frames of the mel, for messages.</param>
    /// <returns>All outputs whose values are numbers that this library reads.</returns>
    /// <exception cref="TrtVocoderException">It cannot be run on these.</exception>
    IReadOnlyList<TensorValues> Run(IReadOnlyList<TensorValues> inputs, int frames);
}
