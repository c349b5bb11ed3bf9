using TrtVocoder.Decoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>Loads <c>.onnx</c> files for <see cref="Vocoding.Vocoder.Load"/>, which finds this class by its name. Thread-safe.</summary>
public sealed class OnnxDecoderBackend : IDecoderBackend
{
    /// <inheritdoc/>
    public bool CanLoad(ModelFileKind kind) => kind == ModelFileKind.Onnx;

    /// <inheritdoc/>
    public IDecoderModel Load(string path, DecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return OnnxDecoderModel.Load(path, ToOnnxOptions(options));
    }

    /// <summary>
    /// Shares <see cref="DecoderOptions.Threads"/> out: each run has a thread of its own, and what is left over serves all of them. Runs at the same
    /// time must be asked for: all threads on one run are about as fast, and faster where there is one window only.
    /// </summary>
    internal static OnnxDecoderOptions ToOnnxOptions(DecoderOptions options)
    {
        int runs = Math.Max(1, options.RunsInFlight);
        int threads = options.Threads > 0 || runs == 1 ? options.Threads : Environment.ProcessorCount;
        return new OnnxDecoderOptions { IntraOpThreads = runs == 1 ? threads : Math.Max(1, threads - runs + 1), ParallelRuns = runs, Model = options.Model };
    }
}
