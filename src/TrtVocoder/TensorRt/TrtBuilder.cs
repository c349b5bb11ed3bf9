using System.Diagnostics;
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
    /// <exception cref="TensorRtException">
    /// TensorRT failed, or the engine does not sound like its network (<see cref="TrtBuildOptions.OpenReference"/>); nothing was written.
    /// </exception>
    /// <exception cref="OperationCanceledException">The build was cancelled; nothing was written.</exception>
    /// <exception cref="IOException">A file cannot be written; nothing half-written stays.</exception>
    public static TrtBuildResult Build(
        string onnxPath, string enginePath, TrtBuildOptions? options = null, IProgress<TrtBuildProgress>? progress = null, CancellationToken cancellation = default) =>
        Build([OnnxSource.FromFile(onnxPath)], enginePath, options, progress, cancellation);

    /// <summary>
    /// The same of a network that can be written in several forms: where TensorRT refuses one by an error of its own
    /// (<see cref="FailureKind.NetworkRefused"/>), the next is tried. The sidecar tells which was built, and what was said of those before.
    /// </summary>
    /// <param name="forms">The forms, the best first.</param>
    /// <param name="enginePath">As above, and so are the other parameters and errors.</param>
    /// <param name="options">What to build with.</param>
    /// <param name="progress">Hears of the progress.</param>
    /// <param name="cancellation">Cancels the build.</param>
    internal static TrtBuildResult Build(
        IReadOnlyList<OnnxSource> forms, string enginePath, TrtBuildOptions? options = null, IProgress<TrtBuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(forms);
        ArgumentOutOfRangeException.ThrowIfZero(forms.Count, nameof(forms));
        ArgumentException.ThrowIfNullOrEmpty(enginePath);
        options ??= new TrtBuildOptions();
        options.Validate();
        cancellation.ThrowIfCancellationRequested();
        // Better now than after minutes of building.
        AtomicFile.ThrowIfUnwritable(enginePath, overwrite: true);
        AtomicFile.ThrowIfUnwritable(EngineSidecar.PathFor(enginePath), overwrite: true);
        long start = Stopwatch.GetTimestamp();
        byte[] model = Read(forms[0]);

        using TensorRtLibrary library = TensorRtLibrary.Load(options.Runtime, folder: options.LibraryFolder);
        // TensorRT-RTX needs no GPU to build; TensorRT without one crashes or throws, so it is not even asked.
        using CudaContext? context = library.Flavour == EngineFlavour.TensorRt ? CudaContext.Retain(CudaDevice.Get(options.Device)) : null;
        using BoundLease current = context is null ? default : context.Enter();
        byte[]? timings = options.TimingCachePath is null ? null : File.Exists(options.TimingCachePath) ? OnnxSource.ReadFile(options.TimingCachePath) : [];
        List<TrtFormRefusal> refusals = [];
        for (int i = 0; ; i++)
        {
            OnnxSource form = forms[i];
            if (i > 0)
                model = Read(form);
            OnnxOutline outline = OnnxOutline.Read(model, form.Name);
            outline.RequireExternalFiles(form.Name);
            VocoderMetadata? metadata = options.Metadata ?? VocoderMetadata.TryFromProperties(outline.Metadata, form.Name);
            using BuilderSession builder = new(library, context, form.Name, options);
            builder.Parse(model);
            TrtOptimizationProfile profile = builder.Configure(metadata, timings);
            BufferHandle plan;
            try
            {
                plan = builder.Run(progress, i, cancellation);
            }
            catch (TensorRtException refusal) when (refusal.Kind == FailureKind.NetworkRefused)
            {
                refusals.Add(new TrtFormRefusal(form.Form, refusal.Details));
                if (i == forms.Count - 1)
                    throw BuilderRefusal.CreateException(library, form.Name, refusals, refusal);
                timings = builder.GetTimings();
                continue;
            }
            using (plan)
            {
                cancellation.ThrowIfCancellationRequested();
                TrtVerification? verification = options.OpenReference is null ? null : Verify(library, plan, enginePath, metadata, options);
                cancellation.ThrowIfCancellationRequested();
                EngineSidecar sidecar = new()
                {
                    FormatVersion = EngineSidecar.CurrentFormat,
                    Runtime = TensorRtFamily.NameOf(library.Flavour),
                    RuntimeVersion = library.Version.ToString(),
                    Gpu = context?.Device.Name ?? "",
                    ComputeCapability = context?.Device.ComputeCapability.ToString() ?? "",
                    EngineBytes = plan.GetBytes().Length,
                    Onnx = Path.GetFileName(form.Name),
                    OnnxSha256 = Convert.ToHexStringLower(SHA256.HashData(model)),
                    Profiles = [profile],
                    Settings = options.ToSettings(),
                    Metadata = metadata?.ToProperties() ?? ModelHints.SelectProperties(outline.Metadata),
                    Form = form.Form,
                    Refusals = refusals,
                    Verification = verification,
                };
                Write(enginePath, plan, sidecar);
                if (options.TimingCachePath is not null && builder.GetTimings() is { } kept)
                    AtomicFile.Write(options.TimingCachePath, overwrite: true, file => file.Write(kept));
                return new TrtBuildResult(enginePath, sidecar.EngineBytes, library.DisplayName, Stopwatch.GetElapsedTime(start), sidecar);
            }
        }
    }

    private static byte[] Read(OnnxSource form)
    {
        byte[] model = form.Read();
        return model.Length > 0 ? model : throw new DataFormatException($"{form.Name}: the file is empty; export the model again.");
    }

    private static TrtVerification Verify(TensorRtLibrary library, BufferHandle plan, string enginePath, VocoderMetadata? metadata, TrtBuildOptions options)
    {
        TrtDecoderModel engine;
        try
        {
            engine = TrtDecoderModel.Load(plan.GetBytes(), enginePath, metadata, new TrtDecoderOptions
            {
                Device = options.Device,
                LibraryFolder = options.LibraryFolder,
                Runtime = library.Flavour,
                CudaGraphs = false,
                AllowHostCode = true,
            }, options.Model);
        }
        catch (TrtVocoderException error) when (library.Flavour == EngineFlavour.TensorRtRtx && error is not DataFormatException)
        {
            // TensorRT-RTX builds for other machines, too.
            string reason = error is TensorRtException { Status: (int)trtv_status.TRTV_ERROR_ENGINE_REFUSED, Details: { Length: > 0 } words } ? words : error.Message;
            return new TrtVerification { Note = $"this machine cannot run it: {reason.TrimEnd('.')}" };
        }
        using (engine)
            return EngineVerifier.Verify(engine, options.OpenReference!, enginePath);
    }

    private static void Write(string enginePath, BufferHandle plan, EngineSidecar sidecar)
    {
        AtomicFile.Write(enginePath, overwrite: true, file => file.Write(plan.GetBytes()));
        try
        {
            sidecar.Write(enginePath);
        }
        catch when (!AtomicFile.IsStream(enginePath))
        {
            // An engine with the sidecar of its predecessor, or with none, would be half of what was asked for.
            File.Delete(enginePath);
            throw;
        }
    }
}
