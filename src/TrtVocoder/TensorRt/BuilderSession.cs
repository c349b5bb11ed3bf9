using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>One builder of TensorRT's with one network, from the ONNX file to the plan. For one thread.</summary>
internal sealed class BuilderSession : IDisposable
{
    private readonly TensorRtLibrary _library;
    private readonly BuilderHandle _builder;
    private readonly string _source;
    private readonly TrtBuildOptions _options;

    /// <summary>Starts a builder.</summary>
    /// <param name="library">Whose.</param>
    /// <param name="context">The GPU; null where none is needed.</param>
    /// <param name="source">The model's name for messages.</param>
    /// <param name="options">What to build with.</param>
    public unsafe BuilderSession(TensorRtLibrary library, CudaContext? context, string source, TrtBuildOptions options)
    {
        _library = library;
        _source = source;
        _options = options;
        library.LoadParser();
        nint builder;
        using HandleLease handle = new(library.Handle);
        int status = library.Shim.Api.trtv_builder_create(handle.Value, options.IsStronglyTyped ? 1 : 0, &builder);
        if (status < 0)
            throw BuilderRefusal.CreateException(library, source, status, isBuild: false);
        _builder = new BuilderHandle(library.Shim, builder, context);
    }

    private Shim Shim => _library.Shim;

    /// <summary>Reads the model.</summary>
    /// <exception cref="DataFormatException">The parser refuses it; the message names the node and the reason.</exception>
    public unsafe void Parse(byte[] model)
    {
        TrtvShim api = Shim.Api;
        nint handle = _builder.DangerousGetHandle();
        Utf8Name name = new(Path.GetFullPath(_source));
        int status;
        fixed (byte* data = model)
            status = api.trtv_builder_parse_onnx(handle, data, model.Length, name.Pointer);
        GC.KeepAlive(name);
        if (status >= 0)
            return;
        if ((trtv_status)status != trtv_status.TRTV_ERROR_PARSER)
            throw Shim.CreateException(status, $"{_source}: parsing it");
        trtv_parser_error error = new() { struct_size = (uint)sizeof(trtv_parser_error) };
        if (api.trtv_builder_get_parser_error(handle, 0, &error) < 0)
            throw new DataFormatException($"{_source}: TensorRT's parser refuses the model: {Shim.GetLastMessage().TrimEnd('.')}.");
        string node = error.node < 0 ? "" : $" at node {error.node} '{Text(error.node_name)}' ({Text(error.node_operator)})";
        throw new DataFormatException($"{_source}: TensorRT's parser refuses the model{node}: "
            + $"{Text(error.description).Trim().TrimEnd('.')}; simplify the model, or export it by other means.")
        {
            Kind = FailureKind.NetworkUnsupported,
        };

        static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    /// <summary>Checks that decoders of this library will know the network, sets its profile, and all options.</summary>
    /// <param name="metadata">The model's own metadata.</param>
    /// <param name="timings">A timing cache to begin with; empty for a new one, null for none.</param>
    /// <returns>The shapes that the engine will take: those of the options, but for sizes that the model fixes.</returns>
    /// <exception cref="DataFormatException">It is not a vocoder's network.</exception>
    public unsafe TrtOptimizationProfile Configure(VocoderMetadata? metadata, byte[]? timings)
    {
        ModelSignature signature = ReadSignature(metadata);
        TrtOptimizationProfile profile = SetProfile(signature);
        TrtvShim api = Shim.Api;
        nint handle = _builder.DangerousGetHandle();
        if (_options.WorkspaceBytes is { } workspace)
            Shim.Check(api.trtv_builder_set_workspace(handle, workspace), "Limiting the workspace");
        if (_options.Fp16)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_FP16, true, "Allowing FP16 layers");
        if (!_options.Tf32)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_TF32, false, "Forbidding TF32");
        if (_options.VersionCompatible)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_VERSION_COMPATIBLE, true, "Asking for a version-compatible engine");
        if (_options.HardwareCompatible)
            Shim.Check(api.trtv_builder_set_hardware_compatibility(handle,
                (int)trtv_hardware_compatibility.TRTV_HARDWARE_COMPATIBILITY_AMPERE_PLUS), "Asking for a hardware-compatible engine");
        if (_options.OptimizationLevel is { } level)
            Shim.Check(api.trtv_builder_set_optimization_level(handle, level), $"Setting optimisation level {level}");
        if (_options.DetailedLayers)
            Shim.Check(
                api.trtv_builder_set_profiling_verbosity(handle, (int)trtv_profiling_verbosity.TRTV_PROFILING_DETAILED),
                "Asking for detailed layers");
        if (timings is not null)
            SetTimings(timings);
        return profile;

        void SetFlag(trtv_builder_flag flag, bool value, string what) =>
            Shim.Check(api.trtv_builder_set_flag(handle, (int)flag, value ? 1 : 0), what);
    }

    /// <summary>Builds.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TensorRtException">
    /// TensorRT failed; <see cref="FailureKind.NetworkRefused"/>: by an error of its own over this network.
    /// </exception>
    public unsafe BufferHandle Run(IProgress<TrtBuildProgress>? progress, int formIndex, CancellationToken cancellation)
    {
        TrtvShim api = Shim.Api;
        nint handle = _builder.DangerousGetHandle();
        ProgressRelay relay = new(progress, formIndex, cancellation);
        GCHandle user = GCHandle.Alloc(relay);
        try
        {
            Shim.Check(api.trtv_builder_set_progress_callback(handle, &Receive, (void*)GCHandle.ToIntPtr(user)), "Listening to the build");
            using CancellationTokenRegistration registration = cancellation.Register(() => api.trtv_builder_cancel(handle));
            nint plan;
            int status = api.trtv_builder_build(handle, &plan);
            if (relay.Failure is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            if ((trtv_status)status == trtv_status.TRTV_ERROR_CANCELLED)
                throw new OperationCanceledException("The build was cancelled.", cancellation);
            if (status < 0)
                throw BuilderRefusal.CreateException(_library, _source, status, isBuild: true);
            return new BufferHandle(Shim, plan);
        }
        finally
        {
            api.trtv_builder_set_progress_callback(handle, null, null);
            user.Free();
        }
    }

    /// <summary>The layer timings so far; null where none were asked for.</summary>
    public unsafe byte[]? GetTimings()
    {
        nint cache;
        if (_options.TimingCachePath is null)
            return null;
        Shim.Check(Shim.Api.trtv_builder_get_timing_cache(_builder.DangerousGetHandle(), &cache), "Taking the timing cache");
        using BufferHandle timings = new(Shim, cache);
        return timings.GetBytes().ToArray();
    }

    public void Dispose() => _builder.Dispose();

    // What a decoder of the engine would find, now and not after minutes of building.
    private unsafe ModelSignature ReadSignature(VocoderMetadata? metadata)
    {
        TrtvShim api = Shim.Api;
        nint handle = _builder.DangerousGetHandle();
        List<TensorShape> inputs = [], outputs = [];
        Dictionary<string, TrtDataType> types = [];
        for (int i = 0; ; i++)
        {
            trtv_tensor_info info = new() { struct_size = (uint)sizeof(trtv_tensor_info) };
            int status = api.trtv_builder_get_tensor(handle, i, &info);
            if ((trtv_status)status == trtv_status.TRTV_ERROR_NOT_FOUND)
                break;
            Shim.Check(status, $"{_source}: asking for its tensors");
            TensorShape tensor = new(
                Marshal.PtrToStringUTF8((nint)info.name) ?? "",
                new ReadOnlySpan<long>(info.sizes, Math.Clamp(info.rank, 0, TrtvShim.TRTV_MAX_RANK)).ToArray(),
                EngineTensors.IsInteger((TrtDataType)info.data_type));
            (info.mode == (int)trtv_tensor_mode.TRTV_TENSOR_MODE_INPUT ? inputs : outputs).Add(tensor);
            types[tensor.Name] = (TrtDataType)info.data_type;
        }
        ModelSignature signature = ModelSignature.Resolve(_source, inputs, outputs, metadata, _options.Model);
        foreach (TensorShape tensor in signature.Outputs.Prepend(signature.Mel))
            if (types[tensor.Name] is not (TrtDataType.Float or TrtDataType.Half))
                throw new DataFormatException($"{_source}: its tensor {tensor} holds {types[tensor.Name]}; expected FP32 or FP16.");
        return signature;
    }

    // One profile for the one dynamic input, the mel [batch, n_mels, frames]; sizes that the model fixes stay as they are.
    private unsafe TrtOptimizationProfile SetProfile(ModelSignature signature)
    {
        TrtvShim api = Shim.Api;
        nint handle = _builder.DangerousGetHandle();
        TrtOptimizationProfile profile = _options.Profile;
        _options.ThrowIfMeantForAnother(_source, signature.Mel.Name, signature.Metadata.MelCount);
        NetworkInputs inputs = signature.Inputs;
        (long fixedBatch, long fixedFrames) = (inputs.FixedBatch, inputs.FixedFrames);
        if (fixedBatch > 0)
            profile = profile with { MinBatch = (int)fixedBatch, OptBatch = (int)fixedBatch, MaxBatch = (int)fixedBatch };
        if (fixedFrames > 0)
            profile = profile with { MinFrames = (int)fixedFrames, OptFrames = (int)fixedFrames, MaxFrames = (int)fixedFrames };
        if (inputs.Extras.Select(extra => extra.Tensor).Prepend(inputs.Mel).All(input => input.Dimensions.All(size => size >= 0)))
            return profile;
        int added;
        Shim.Check(api.trtv_builder_add_profile(handle, &added), "Adding an optimisation profile");
        int index = added;
        Set(trtv_profile_selector.TRTV_PROFILE_MIN, profile.MinBatch, profile.MinFrames);
        Set(trtv_profile_selector.TRTV_PROFILE_OPT, profile.OptBatch, profile.OptFrames);
        Set(trtv_profile_selector.TRTV_PROFILE_MAX, profile.MaxBatch, profile.MaxFrames);
        return profile;

        void Set(trtv_profile_selector selector, int batch, int frames)
        {
            SetShape(inputs.Mel, selector, inputs.ShapeFor(batch, frames));
            foreach (ExtraInput extra in inputs.Extras.Where(extra => extra.Tensor.Dimensions.Any(size => size < 0)))
                SetShape(extra.Tensor, selector, extra.ShapeFor(batch, frames));
        }

        void SetShape(TensorShape tensor, trtv_profile_selector selector, long[] shape)
        {
            Utf8Name name = new(tensor.Name);
            fixed (long* sizes = shape)
                Shim.Check(api.trtv_builder_set_profile_shape(handle, index, name.Pointer, (int)selector, sizes, shape.Length),
                    $"Setting the profile {profile}");
            GC.KeepAlive(name);
        }
    }

    private unsafe void SetTimings(byte[] timings)
    {
        fixed (byte* data = timings)
        {
            // A cache of another version or GPU is worth nothing, and no reason to stop.
            if (Shim.Api.trtv_builder_set_timing_cache(_builder.DangerousGetHandle(), data, timings.Length) < 0)
                Shim.Check(Shim.Api.trtv_builder_set_timing_cache(_builder.DangerousGetHandle(), null, 0), "Starting a timing cache");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Receive(void* user, byte* phase, byte* parent, int step, int stepCount)
    {
        ProgressRelay relay = (ProgressRelay)GCHandle.FromIntPtr((nint)user).Target!;
        try
        {
            return relay.Report(Marshal.PtrToStringUTF8((nint)phase) ?? "", parent == null ? null : Marshal.PtrToStringUTF8((nint)parent), step, stepCount) ? 0 : 1;
        }
#pragma warning disable CA1031 // An exception must not cross into native code: it cancels the build instead.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            relay.Failure = failure;
            return 1;
        }
    }

    // Lets through the two outermost levels: the levels below report tens of thousands of steps.
    private sealed class ProgressRelay(IProgress<TrtBuildProgress>? progress, int formIndex, CancellationToken cancellation)
    {
        private readonly Lock _gate = new();
        private readonly HashSet<string> _outermost = [];

        public Exception? Failure { get; set; }

        public bool Report(string phase, string? parent, int step, int stepCount)
        {
            if (cancellation.IsCancellationRequested)
                return false;
            if (progress is null)
                return true;
            lock (_gate)
            {
                if (parent is null)
                    _outermost.Add(phase);
                else if (!_outermost.Contains(parent))
                    return true;
            }
            progress.Report(new TrtBuildProgress(phase, parent, step, stepCount) { FormIndex = formIndex });
            return true;
        }
    }
}
