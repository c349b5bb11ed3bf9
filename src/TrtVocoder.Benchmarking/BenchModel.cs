using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking;

/// <summary>A model under test: what decodes, and the network alone.</summary>
internal sealed class BenchModel : IDisposable
{
    private BenchModel(string path, VocoderOptions options, IDecoderModel network, Vocoder vocoder)
    {
        Path = path;
        Options = options;
        Network = network;
        Vocoder = vocoder;
    }

    /// <summary>As given on the command line.</summary>
    public string Path { get; }

    public VocoderOptions Options { get; }

    /// <summary>Owned by <see cref="Vocoder"/>.</summary>
    public IDecoderModel Network { get; }

    public Vocoder Vocoder { get; }

    /// <summary>The engine, where the model is one.</summary>
    public TrtEngine? Engine => (Network as TrtDecoderModel)?.Engine;

    /// <summary>What computes.</summary>
    public string Device => Engine is { } engine ? engine.Context.Device.Name : $"CPU, {Threads} threads";

    /// <summary>The file's name, for tables.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));

    private int Threads => Options.Threads > 0 ? Options.Threads : Environment.ProcessorCount;

    /// <summary>Loads a model.</summary>
    /// <param name="file">An .onnx or .engine file.</param>
    /// <param name="path">What the user calls it: the checkpoint folder, where the file is exported from one.</param>
    /// <param name="options">How to decode.</param>
    public static BenchModel Load(string file, string path, VocoderOptions options)
    {
        IDecoderModel network = DecoderBackends.Find(ModelFile.Detect(file), file).Load(file, options.ForDecoder);
        try
        {
            return new BenchModel(path, options, network, new Vocoder(network, options));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Seconds of sound of a call.</summary>
    public double GetAudioSeconds(int frames, int batch) => (double)batch * Vocoder.GetSampleCount(frames) / Vocoder.SampleRate;

    /// <summary>Whether the network runs such a call in one piece.</summary>
    public bool TakesWhole(int frames, int batch) =>
        frames >= Vocoder.Info.MinFrames && frames <= Vocoder.Info.MaxFrames && batch <= Vocoder.Info.MaxBatch;

    public void Dispose() => Vocoder.Dispose();
}
