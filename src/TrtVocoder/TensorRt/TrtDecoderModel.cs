using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>A vocoder's engine on a GPU. Safe for use by many threads: each has its own decoder. Decoders outlive it.</summary>
public sealed class TrtDecoderModel : IDecoderModel
{
    // One runs while the results of the other are turned into samples; their windows also fill gaps that small kernels leave on the GPU.
    private const int MaxRunsInFlight = 2;

    private readonly TensorRtLibrary _library;
    private readonly TrtRuntime _runtime;
    private readonly EngineTensors _network;
    private readonly TrtDecoderOptions _options;
    private TrtDecoder? _spare;
    private int _disposed;

    private TrtDecoderModel(TensorRtLibrary library, TrtRuntime runtime, TrtEngine engine, EngineTensors network, TrtDecoderOptions options)
    {
        _library = library;
        _runtime = runtime;
        _network = network;
        _options = options;
        Engine = engine;
        Info = new DecoderInfo
        {
            Metadata = network.Metadata,
            Backend = $"{library.DisplayName} ({runtime.Context.Device.Name})",
            MaxBatch = network.Profile.MaxBatch,
            MinFrames = network.Profile.MinFrames,
            MaxFrames = network.Profile.MaxFrames,
            HasCostlyShapes = true,
            RunsInFlight = MaxRunsInFlight,
        };
    }

    /// <inheritdoc/>
    public DecoderInfo Info { get; }

    /// <summary>The engine.</summary>
    public TrtEngine Engine { get; }

    /// <summary>The shapes that the profile in use takes, and what it is tuned for.</summary>
    public TrtOptimizationProfile Profile => _network.Profile;

    /// <summary>Loads an engine file, with its sidecar if it has one.</summary>
    /// <param name="path">The engine.</param>
    /// <param name="options">How to load and run it; null for the defaults.</param>
    /// <exception cref="DataFormatException">The file is unreadable, truncated, foreign, or not a vocoder's; or it contradicts its sidecar.</exception>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver, or not the TensorRT that the engine needs; every path tried is listed.</exception>
    /// <exception cref="CudaException">The driver finds no GPU, or refused.</exception>
    /// <exception cref="TensorRtException">TensorRT refuses the engine: of another version or flavour, or for another GPU.</exception>
    public static TrtDecoderModel Load(string path, TrtDecoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new TrtDecoderOptions();
        EnginePlanHeader header = EnginePlanHeader.Read(path);
        VocoderMetadata? metadata = EngineSidecar.TryRead(path)?.GetMetadata(path);
        TensorRtLibrary library = LoadLibrary(path, header, options);
        TrtRuntime? runtime = null;
        TrtEngine? engine = null;
        TrtDecoderModel? model = null;
        try
        {
            runtime = TrtRuntime.Create(library, options.Device, options.AllowHostCode);
            engine = runtime.Load(path);
            EngineTensors network = EngineTensors.Read(engine, path, metadata, options.Model, options.Profile);
            model = new TrtDecoderModel(library, runtime, engine, network, options);
            // The first decoder's context shows now what only a context can: shapes that depend on the data, or contradict the metadata.
            model._spare = model.MakeDecoder(null);
            model._spare.GetOutputLength(network.Profile.OptBatch, network.Profile.OptFrames);
            return model;
        }
        catch
        {
            model?._spare?.Dispose();
            engine?.Dispose();
            runtime?.Dispose();
            library.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="IDecoderModel.CreateDecoder"/>
    /// <exception cref="TensorRtException">TensorRT refused, mostly because the GPU's memory is used up.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public TrtDecoder CreateDecoder(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return (profiler is null ? Interlocked.Exchange(ref _spare, null) : null) ?? MakeDecoder(profiler);
    }

    /// <inheritdoc/>
    IDecoder IDecoderModel.CreateDecoder(DecodeProfiler? profiler) => CreateDecoder(profiler);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Interlocked.Exchange(ref _spare, null)?.Dispose();
        Engine.Dispose();
        _runtime.Dispose();
        _library.Dispose();
    }

    private static TensorRtLibrary LoadLibrary(string path, EnginePlanHeader header, TrtDecoderOptions options)
    {
        EngineFlavour flavour = options.Runtime ?? header.Flavour;
        // An engine of a version that no shim serves goes to any library of its flavour: TensorRT itself then refuses it by version.
        bool isServed = flavour == header.Flavour && TensorRtFamily.Of(flavour).Any(family => family.Major == header.Version.Major);
        try
        {
            return TensorRtLibrary.Load(flavour, isServed ? header.Version.Major : null, options.LibraryFolder);
        }
        catch (NativeLibraryException missing)
        {
            throw new NativeLibraryException(missing.Library, $"{path} was built by {header.Maker}, and {missing.Message}", missing.PathsTried);
        }
    }

    private TrtDecoder MakeDecoder(DecodeProfiler? profiler)
    {
        CudaContext cuda = CudaContext.Retain(Engine.Context.Device);
        CudaStream? stream = null;
        TrtExecutionContext? context = null;
        RunInstruments? instruments = null;
        try
        {
            stream = CudaStream.Create(cuda);
            instruments = MakeInstruments(cuda, stream, profiler);
            context = Engine.CreateContext(_options.Profile, stream);
            bool isMapped = _options.Buffers == BufferMode.Mapped || (_options.Buffers == BufferMode.Auto && cuda.Device is { IsIntegrated: true, CanMapHostMemory: true });
            instruments?.Layers?.Attach(context);
            PreparedRuns kept = new(cuda, stream, Engine, _network, _options, isMapped);
            return new TrtDecoder(cuda, stream, new TrtBindings(cuda, context, _network, isMapped), kept, _network, instruments);
        }
        catch
        {
            context?.Dispose();
            instruments?.Dispose();
            stream?.Dispose();
            cuda.Dispose();
            throw;
        }
    }

    private RunInstruments? MakeInstruments(CudaContext cuda, CudaStream stream, DecodeProfiler? profiler)
    {
        if (profiler is null)
            return null;
        TrtRunTimer timer = new(cuda, stream, profiler);
        try
        {
            return new RunInstruments(profiler, timer, profiler.CollectsLayers ? new LayerTimeCollector(_library.Shim, profiler) : null);
        }
        catch
        {
            timer.Dispose();
            throw;
        }
    }
}
