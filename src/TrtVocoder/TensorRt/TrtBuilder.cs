using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>Builds engines from ONNX models, on the machine and GPU that will run them.</summary>
public static class TrtBuilder
{
    /// <summary>Builds an engine file with its sidecar. Takes seconds to minutes, and the GPU for itself.</summary>
    /// <param name="onnxPath">The model.</param>
    /// <param name="enginePath">Where the engine goes; written whole or not at all, an older one is replaced.</param>
    /// <param name="options">What to build with; null for the defaults.</param>
    /// <param name="progress">Hears of the progress, from any thread.</param>
    /// <param name="cancellation">Cancels the build.</param>
    /// <exception cref="ArgumentException">The options are out of range or order.</exception>
    /// <exception cref="DataFormatException">The model is unreadable, or not a vocoder's; the parser's complaint names the node and the reason.</exception>
    /// <exception cref="NativeLibraryException">A library is missing; every path tried is listed.</exception>
    /// <exception cref="CudaException">The driver finds no GPU, or refused.</exception>
    /// <exception cref="TensorRtException">TensorRT failed.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled; nothing was written.</exception>
    /// <exception cref="IOException">A file cannot be written; nothing half-written stays.</exception>
    public static TrtBuildResult Build(
        string onnxPath, string enginePath, TrtBuildOptions? options = null, IProgress<TrtBuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(onnxPath);
        ArgumentException.ThrowIfNullOrEmpty(enginePath);
        options ??= new TrtBuildOptions();
        options.Validate();
        cancellation.ThrowIfCancellationRequested();
        // Better now than after minutes of building.
        AtomicFile.ThrowIfUnwritable(enginePath, overwrite: true);
        AtomicFile.ThrowIfUnwritable(EngineSidecar.PathFor(enginePath), overwrite: true);
        long start = Stopwatch.GetTimestamp();
        byte[] model = ReadModel(onnxPath);
        if (model.Length == 0)
            throw new DataFormatException($"{onnxPath}: the file is empty; export the model again.");
        VocoderMetadata? metadata = options.Metadata ?? VocoderMetadata.TryFromProperties(OnnxMetadata.Read(model, onnxPath), onnxPath);

        using TensorRtLibrary library = TensorRtLibrary.Load(options.Runtime, folder: options.LibraryFolder);
        // TensorRT-RTX needs no GPU to build; TensorRT without one crashes or throws, so it is not even asked.
        using CudaContext? context = library.Flavour == EngineFlavour.TensorRt ? CudaContext.Retain(CudaDevice.Get(options.Device)) : null;
        context?.Bind();
        using BuilderHandle builder = Create(library, context, options);
        Parse(builder, model, onnxPath);
        Configure(builder, onnxPath, options, metadata);
        using BufferHandle plan = Run(builder, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();

        AtomicFile.Write(enginePath, overwrite: true, file => file.Write(plan.GetBytes()));
        EngineSidecar sidecar = new()
        {
            FormatVersion = EngineSidecar.CurrentFormat,
            Runtime = library.Flavour == EngineFlavour.TensorRt ? "TensorRT" : "TensorRT-RTX",
            RuntimeVersion = library.Version.ToString(),
            Gpu = context?.Device.Name ?? "",
            ComputeCapability = context?.Device.ComputeCapability.ToString() ?? "",
            EngineBytes = plan.GetBytes().Length,
            Onnx = Path.GetFileName(onnxPath),
            OnnxSha256 = Convert.ToHexStringLower(SHA256.HashData(model)),
            Profiles = [options.Profile],
            Settings = options.ToSettings(),
            Metadata = metadata?.ToProperties() ?? new Dictionary<string, string>(),
        };
        try
        {
            sidecar.Write(enginePath);
        }
        catch when (!AtomicFile.IsSpecial(Path.GetFullPath(enginePath)))
        {
            // An engine with the sidecar of its predecessor, or with none, would be half of what was asked for.
            File.Delete(enginePath);
            throw;
        }
        KeepTimings(builder, options);
        return new TrtBuildResult(enginePath, sidecar.EngineBytes, library.DisplayName, Stopwatch.GetElapsedTime(start), sidecar);
    }

    private static byte[] ReadModel(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    private static unsafe BuilderHandle Create(TensorRtLibrary library, CudaContext? context, TrtBuildOptions options)
    {
        library.LoadParser();
        nint builder;
        using HandleLease handle = new(library.Handle);
        library.Shim.Check(library.Shim.Api.trtv_builder_create(handle.Value, options.IsStronglyTyped ? 1 : 0, &builder), $"Starting the builder of {library.DisplayName}");
        return new BuilderHandle(library.Shim, builder, context);
    }

    private static unsafe void Parse(BuilderHandle builder, byte[] model, string path)
    {
        TrtvShim api = builder.Shim.Api;
        nint handle = builder.DangerousGetHandle();
        Utf8Name name = new(Path.GetFullPath(path));
        int status;
        fixed (byte* data = model)
            status = api.trtv_builder_parse_onnx(handle, data, model.Length, name.Pointer);
        GC.KeepAlive(name);
        if (status >= 0)
            return;
        if ((trtv_status)status != trtv_status.TRTV_ERROR_PARSER)
            throw builder.Shim.CreateException(status, $"{path}: parsing it");
        trtv_parser_error error = new() { struct_size = (uint)sizeof(trtv_parser_error) };
        if (api.trtv_builder_get_parser_error(handle, 0, &error) < 0)
            throw new DataFormatException($"{path}: TensorRT's parser refuses the model: {builder.Shim.GetLastMessage().TrimEnd('.')}.");
        string node = error.node < 0 ? "" : $" at node {error.node} '{Text(error.node_name)}' ({Text(error.node_operator)})";
        throw new DataFormatException($"{path}: TensorRT's parser refuses the model{node}: {Text(error.description).Trim().TrimEnd('.')}; export it with 'trtvocoder export', or simplify it.");

        static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    private static unsafe void Configure(BuilderHandle builder, string onnxPath, TrtBuildOptions options, VocoderMetadata? metadata)
    {
        Shim shim = builder.Shim;
        TrtvShim api = shim.Api;
        nint handle = builder.DangerousGetHandle();
        SetProfile(builder, onnxPath, options.Profile, metadata);
        if (options.WorkspaceBytes is { } workspace)
            shim.Check(api.trtv_builder_set_workspace(handle, workspace), "Limiting the workspace");
        if (options.Fp16)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_FP16, true, "Allowing FP16 layers");
        if (!options.Tf32)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_TF32, false, "Forbidding TF32");
        if (options.VersionCompatible)
            SetFlag(trtv_builder_flag.TRTV_BUILDER_FLAG_VERSION_COMPATIBLE, true, "Asking for a version-compatible engine");
        if (options.HardwareCompatible)
            shim.Check(api.trtv_builder_set_hardware_compatibility(handle, (int)trtv_hardware_compatibility.TRTV_HARDWARE_COMPATIBILITY_AMPERE_PLUS), "Asking for a hardware-compatible engine");
        if (options.OptimizationLevel is { } level)
            shim.Check(api.trtv_builder_set_optimization_level(handle, level), $"Setting optimisation level {level}");
        if (options.DetailedLayers)
            shim.Check(api.trtv_builder_set_profiling_verbosity(handle, (int)trtv_profiling_verbosity.TRTV_PROFILING_DETAILED), "Asking for detailed layers");
        if (options.TimingCachePath is not null)
            SetTimings(builder, options.TimingCachePath);

        void SetFlag(trtv_builder_flag flag, bool value, string what) => shim.Check(api.trtv_builder_set_flag(handle, (int)flag, value ? 1 : 0), what);
    }

    // One profile for the one dynamic input, the mel [batch, n_mels, frames]; sizes that the model fixes stay as they are.
    private static unsafe void SetProfile(BuilderHandle builder, string onnxPath, TrtOptimizationProfile profile, VocoderMetadata? metadata)
    {
        Shim shim = builder.Shim;
        TrtvShim api = shim.Api;
        nint handle = builder.DangerousGetHandle();
        trtv_tensor_info mel = new() { struct_size = (uint)sizeof(trtv_tensor_info) };
        shim.Check(api.trtv_builder_get_tensor(handle, 0, &mel), $"{onnxPath}: asking for its input");
        string name = Marshal.PtrToStringUTF8((nint)mel.name) ?? "";
        if (mel.mode != (int)trtv_tensor_mode.TRTV_TENSOR_MODE_INPUT || mel.rank != 3)
            throw new DataFormatException($"{onnxPath}: a vocoder takes one mel [batch, n_mels, frames]; this model's first input '{name}' has {mel.rank} dimensions.");
        long bands = mel.sizes[1] > 0 ? mel.sizes[1] : metadata?.MelCount
            ?? throw new DataFormatException($"{onnxPath}: its input '{name}' does not say how many mel bands it takes; export the model again.");
        if (mel.sizes[0] > 0 && mel.sizes[2] > 0)
            return;
        int added;
        shim.Check(api.trtv_builder_add_profile(handle, &added), "Adding an optimisation profile");
        (int index, nint tensor, long fixedBatch, long fixedFrames) = (added, (nint)mel.name, mel.sizes[0], mel.sizes[2]);
        Set(trtv_profile_selector.TRTV_PROFILE_MIN, profile.MinBatch, profile.MinFrames);
        Set(trtv_profile_selector.TRTV_PROFILE_OPT, profile.OptBatch, profile.OptFrames);
        Set(trtv_profile_selector.TRTV_PROFILE_MAX, profile.MaxBatch, profile.MaxFrames);

        void Set(trtv_profile_selector selector, int batch, int frames)
        {
            long* sizes = stackalloc long[3] { fixedBatch > 0 ? fixedBatch : batch, bands, fixedFrames > 0 ? fixedFrames : frames };
            shim.Check(api.trtv_builder_set_profile_shape(handle, index, (byte*)tensor, (int)selector, sizes, 3), $"Setting the profile {profile}");
        }
    }

    private static unsafe void SetTimings(BuilderHandle builder, string path)
    {
        byte[] timings = File.Exists(path) ? ReadModel(path) : [];
        fixed (byte* data = timings)
        {
            // A cache of another version or GPU is worth nothing, and no reason to stop.
            if (builder.Shim.Api.trtv_builder_set_timing_cache(builder.DangerousGetHandle(), data, timings.Length) < 0)
                builder.Shim.Check(builder.Shim.Api.trtv_builder_set_timing_cache(builder.DangerousGetHandle(), null, 0), "Starting a timing cache");
        }
    }

    private static unsafe void KeepTimings(BuilderHandle builder, TrtBuildOptions options)
    {
        nint cache;
        if (options.TimingCachePath is null)
            return;
        builder.Shim.Check(builder.Shim.Api.trtv_builder_get_timing_cache(builder.DangerousGetHandle(), &cache), "Taking the timing cache");
        using BufferHandle timings = new(builder.Shim, cache);
        AtomicFile.Write(options.TimingCachePath, overwrite: true, file => file.Write(timings.GetBytes()));
    }

    private static unsafe BufferHandle Run(BuilderHandle builder, IProgress<TrtBuildProgress>? progress, CancellationToken cancellation)
    {
        TrtvShim api = builder.Shim.Api;
        nint handle = builder.DangerousGetHandle();
        ProgressRelay relay = new(progress, cancellation);
        GCHandle user = GCHandle.Alloc(relay);
        try
        {
            builder.Shim.Check(api.trtv_builder_set_progress_callback(handle, &Receive, (void*)GCHandle.ToIntPtr(user)), "Listening to the build");
            using CancellationTokenRegistration registration = cancellation.Register(() => api.trtv_builder_cancel(handle));
            nint plan;
            int status = api.trtv_builder_build(handle, &plan);
            if (relay.Failure is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            if ((trtv_status)status == trtv_status.TRTV_ERROR_CANCELLED)
                throw new OperationCanceledException("The build was cancelled.", cancellation);
            builder.Shim.Check(status, "Building the engine");
            return new BufferHandle(builder.Shim, plan);
        }
        finally
        {
            api.trtv_builder_set_progress_callback(handle, null, null);
            user.Free();
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
    private sealed class ProgressRelay(IProgress<TrtBuildProgress>? progress, CancellationToken cancellation)
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
            progress.Report(new TrtBuildProgress(phase, parent, step, stepCount));
            return true;
        }
    }
}
