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
    private readonly EngineTensors _tensors;
    private readonly TrtDecoderOptions _options;
    private readonly Lock _inverseStftGate = new();
    private InverseStftKernel? _inverseStft;
    private PreparedRun? _spare;
    private int _disposed;

    private TrtDecoderModel(TensorRtLibrary library, TrtRuntime runtime, TrtEngine engine, EngineTensors tensors, TrtDecoderOptions options,
        NetworkAnswers answers)
    {
        _library = library;
        _runtime = runtime;
        _tensors = tensors;
        _options = options;
        Engine = engine;
        Info = new DecoderInfo
        {
            Metadata = tensors.Metadata,
            Backend = $"{library.DisplayName} ({runtime.Context.Device.Name})",
            MaxBatch = tensors.Profile.MaxBatch,
            MinFrames = tensors.Profile.MinFrames,
            MaxFrames = tensors.Profile.MaxFrames,
            Notes = tensors.Notes,
            IsForeign = !tensors.HasMetadata,
            Form = tensors.Description,
            Answers = answers,
            HasCostlyShapes = true,
            RunsInFlight = MaxRunsInFlight,
        };
    }

    /// <inheritdoc/>
    public DecoderInfo Info { get; }

    /// <inheritdoc/>
    /// <exception cref="CudaException">The driver refused for another reason.</exception>
    public bool IsContextLost => Engine.Context.IsLost;

    /// <summary>The engine.</summary>
    internal TrtEngine Engine { get; }

    /// <summary>What the mel's elements are on the GPU.</summary>
    internal TrtDataType MelType => _tensors.Mel.DataType;

    /// <summary>What the elements of outputs are on the GPU.</summary>
    internal TrtDataType OutputType => _tensors.Outputs[0].DataType;

    /// <summary>Whether the mel goes in as [batch, frames, n_mels].</summary>
    internal bool IsFrameMajorMel => _tensors.IsFrameMajorMel;

    /// <summary>Whether the mel's elements are FP16 on the GPU; else FP32.</summary>
    public bool HasHalfMel => MelType == TrtDataType.Half;

    /// <summary>
    /// Whether samples in the GPU's memory are FP16, as a network puts them out itself; else FP32, as all that are made of spectra.
    /// </summary>
    public bool HasHalfSamples => Info.Metadata.Signal == OutputKind.Waveform && OutputType == TrtDataType.Half;

    /// <summary>The shapes that the profile in use takes, and what it is tuned for.</summary>
    public TrtOptimizationProfile Profile => _tensors.Profile;

    /// <summary>Loads an engine file, with its sidecar if it has one.</summary>
    /// <param name="path">The engine.</param>
    /// <param name="options">How to load and run it; null for the defaults.</param>
    /// <param name="hints">What the caller knows of an engine that has no sidecar, and the names of its outputs; null for nothing.</param>
    /// <exception cref="DataFormatException">
    /// The file is unreadable, truncated, foreign, or not a vocoder's; or it contradicts its sidecar.
    /// </exception>
    /// <exception cref="NativeLibraryException">
    /// There is no NVIDIA driver, or not the TensorRT that the engine needs; every path tried is listed.
    /// </exception>
    /// <exception cref="CudaException">The driver finds no GPU, or refused.</exception>
    /// <exception cref="TensorRtException">TensorRT refuses the engine: of another version or flavour, or for another GPU.</exception>
    public static TrtDecoderModel Load(string path, TrtDecoderOptions? options = null, ModelHints? hints = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using EnginePlan plan = EnginePlan.Open(path);
        EngineSidecar? sidecar = EngineSidecar.TryRead(path);
        VocoderMetadata? metadata = sidecar?.GetMetadata(path);
        hints ??= new ModelHints();
        return Load(
            path, plan.Header, runtime => runtime.Load(plan), metadata, options ?? new TrtDecoderOptions(),
            sidecar is null ? hints : hints.With(sidecar.Metadata, path), sidecar?.GetAnswers(path));
    }

    /// <summary>Loads an engine from memory, without a sidecar.</summary>
    /// <param name="plan">The engine; not needed afterwards.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="options">How to load and run it; null for the defaults.</param>
    /// <param name="hints">What the caller knows of the engine; null for nothing. Errors are those of loading a file.</param>
    public static TrtDecoderModel Load(
        ReadOnlySpan<byte> plan, string source, TrtDecoderOptions? options = null, ModelHints? hints = null) =>
        Load(plan, source, null, options ?? new TrtDecoderOptions(), hints ?? new ModelHints());

    /// <summary>The same with its model's metadata, where there are any.</summary>
    internal static unsafe TrtDecoderModel Load(
        ReadOnlySpan<byte> plan, string source, VocoderMetadata? metadata, TrtDecoderOptions options, ModelHints hints)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        EnginePlanHeader header = EnginePlanHeader.Check(source, plan, plan.Length);
        fixed (byte* data = plan)
        {
            (nint address, int length) = ((nint)data, plan.Length);
            return Load(
                source, header, runtime => runtime.Load(new ReadOnlySpan<byte>((void*)address, length), header, source), metadata, options,
                hints);
        }
    }

    /// <inheritdoc cref="IDecoderModel.CreateDecoder"/>
    /// <exception cref="TensorRtException">TensorRT refused, mostly because the GPU's memory is used up.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public TrtDecoder CreateDecoder(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return MakeDecoder(profiler, null);
    }

    /// <inheritdoc/>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public string? PrepareInverseStft()
    {
        lock (_inverseStftGate)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            if (_inverseStft is not null)
                return null;
            if (_tensors.Form is not { } form)
                return "its network puts out samples";
            if (_tensors.Outputs.Any(output => output.DataType != _tensors.Outputs[0].DataType))
                return "the kernel takes planes of one type, and this engine's are of several";
            if (InverseStftKernel.WhyNot(Engine.Context.Device, Info.Metadata.Stft, form) is { } reason)
                return reason;
            try
            {
                _inverseStft = InverseStftKernel.Load(Engine.Context, Info.Metadata.Stft, form, Info.Metadata.Layout);
                return null;
            }
            catch (CudaException refusal) when (InverseStftKernel.IsCompilerMissing(refusal))
            {
                return $"the driver cannot compile its kernel ({refusal.ErrorName})";
            }
        }
    }

    /// <inheritdoc cref="IDecoderModel.CreateSampleDecoder"/>
    /// <exception cref="TensorRtException">TensorRT refused, mostly because the GPU's memory is used up.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="InvalidOperationException"><see cref="PrepareInverseStft"/> did not come before, or could not.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public TrtDecoder CreateSampleDecoder(DecodeProfiler? profiler = null)
    {
        lock (_inverseStftGate)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            return MakeDecoder(
                profiler, _inverseStft ?? throw new InvalidOperationException("PrepareInverseStft comes before a decoder of samples."));
        }
    }

    /// <inheritdoc/>
    IDecoder IDecoderModel.CreateSampleDecoder(DecodeProfiler? profiler) => CreateSampleDecoder(profiler);

    /// <inheritdoc/>
    IDecoder IDecoderModel.CreateDecoder(DecodeProfiler? profiler) => CreateDecoder(profiler);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Interlocked.Exchange(ref _spare, null)?.Dispose();
        lock (_inverseStftGate)
            _inverseStft?.Leave();
        Engine.Dispose();
        _runtime.Dispose();
        _library.Dispose();
    }

    private static TrtDecoderModel Load(
        string source, EnginePlanHeader header, Func<TrtRuntime, TrtEngine> load, VocoderMetadata? metadata, TrtDecoderOptions options,
        ModelHints hints, NetworkAnswers? answers = null)
    {
        TensorRtLibrary library = LoadLibrary(source, header, options);
        TrtRuntime? runtime = null;
        TrtEngine? engine = null;
        try
        {
            runtime = TrtRuntime.Create(library, options.Device, options.AllowHostCode, options.Context);
            engine = load(runtime);
            EngineTensors tensors = EngineTensors.Read(engine, source, metadata, hints, options.Profile);
            return new TrtDecoderModel(library, runtime, engine, tensors, options, answers ?? new NetworkAnswers())
            {
                _spare = MakeSpare(engine, tensors, options),
            };
        }
        catch
        {
            engine?.Dispose();
            runtime?.Dispose();
            library.Dispose();
            throw;
        }
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
            throw new NativeLibraryException(
                missing.Library, $"{path} was built by {header.Maker}, and {missing.Message}", missing.PathsTried);
        }
    }

    // A context alone shows what must be known now: shapes that depend on the data, or contradict the metadata. It has no scratch memory,
    // and goes to the decoder that is made first.
    private static PreparedRun MakeSpare(TrtEngine engine, EngineTensors tensors, TrtDecoderOptions options)
    {
        using CudaStream stream = CudaStream.Create(engine.Context);
        PreparedRun spare = new(engine, tensors, options, stream);
        try
        {
            spare.SetShape(tensors.Profile.OptBatch, tensors.Profile.OptFrames);
            stream.Synchronize();
            return spare;
        }
        catch
        {
            spare.Dispose();
            throw;
        }
    }

    private TrtDecoder MakeDecoder(DecodeProfiler? profiler, InverseStftKernel? inverseStft)
    {
        CudaStream stream = CudaStream.Create(Engine.Context);
        PreparedRun? spare = Interlocked.Exchange(ref _spare, null);
        RunInstruments? instruments = null;
        try
        {
            instruments = profiler is null ? null : new RunInstruments(stream, _library.Shim, profiler);
            PreparedRuns runs = new(Engine, _tensors, _options, stream, instruments, spare, inverseStft);
            return new TrtDecoder(stream, runs, _tensors, instruments, inverseStft is not null, _options.SleepsWhileWaiting);
        }
        catch
        {
            spare?.Dispose();
            instruments?.Dispose();
            stream.Dispose();
            throw;
        }
    }
}
