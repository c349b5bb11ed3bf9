using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Inference;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Benchmarking;

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

    public static BenchModel Load(string path, VocoderOptions options, CommandOutput output) => ModelSource.Load(path, output, file =>
    {
        IDecoderModel network = DecoderBackends.Find(ModelFile.Detect(file), file).Load(file, options);
        try
        {
            return new BenchModel(path, options, network, new Vocoder(network, options));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    });

    /// <summary>Seconds of sound of a call.</summary>
    public double GetAudioSeconds(int frames, int batch) => (double)batch * Vocoder.GetSampleCount(frames) / Vocoder.SampleRate;

    /// <summary>Whether the network runs such a call in one piece.</summary>
    public bool TakesWhole(int frames, int batch) =>
        frames >= Vocoder.Info.MinFrames && frames <= Vocoder.Info.MaxFrames && batch <= Vocoder.Info.MaxBatch;

    public void Dispose() => Vocoder.Dispose();
}
