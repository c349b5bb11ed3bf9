using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The inverse STFT as a kernel (native/kernels/inverse_stft.h), with the tables of one transform in GPU memory. The samples are those of
/// <see cref="InverseStft"/> to rounding, and the same bits every time. Safe for use by many threads; counts its users.
/// </summary>
internal sealed class InverseStftKernel
{
    // Few blocks are soonest done with many threads each; where there are enough for every processor several times over, smaller ones
    // share it better ('kernel_check KERNELS.ptx sweep', docs/benchmarks.md).
    private const int ThreadsOfFewBlocks = 512;
    private const int ThreadsOfManyBlocks = 256;
    private const int ManyBlocks = 256;

    // Frames for which a block makes one hop more: enough blocks for the GPU's processors, and then fewer frames transformed twice.
    private const int FramesPerHop = 128;
    private const int FewestHops = 2;
    private const int MostHops = 4;

    // Leaves room for at least one frame of the longest transform beside the sums.
    private const int MostChunk = 8192;
    private const int MostFftLength = 4096;
    private const int FewestFftLength = 128;
    private const int FewestSharedBytes = 4096;
    private static readonly Version FewestCapability = new(8, 0);
    private static readonly Lazy<byte[]> Ptx = new(ReadPtx);

    private readonly CudaKernel _kernel;
    private readonly DeviceBuffer<float> _tables;
    private readonly StftParameters _stft;
    private readonly SpectrumForm _form;
    private readonly bool _isFrameMajor;
    private UseCount _use;

    private InverseStftKernel(
        CudaKernel kernel, DeviceBuffer<float> tables, StftParameters stft, SpectrumForm form, bool isFrameMajor)
    {
        _kernel = kernel;
        _tables = tables;
        _stft = stft;
        _form = form;
        _isFrameMajor = isFrameMajor;
    }

    /// <summary>Why a GPU cannot do it, for the middle of a sentence; null if it can.</summary>
    public static string? WhyNot(CudaDevice device, StftParameters stft, SpectrumForm form)
    {
        if (device.ComputeCapability < FewestCapability)
            return $"{device.Name} has compute capability {device.ComputeCapability}, and the kernel needs {FewestCapability}";
        if (form is not (SpectrumForm.RealImaginary or SpectrumForm.MagnitudeCosineSine))
            return "the kernel takes no magnitude and phase";
        if (stft.FftLength is < FewestFftLength or > MostFftLength || !TryFactor(stft.FftLength / 2, [], out _))
            return $"the kernel takes an n_fft of factors 2, 3 and 5 from {FewestFftLength} to {MostFftLength}, not {stft.FftLength}";
        return null;
    }

    /// <summary>Has the driver compile the kernel (a third of a second; later programs find it on disk) and makes the tables.</summary>
    /// <exception cref="CudaException">The driver refused, or memory is used up.</exception>
    /// <exception cref="DataFormatException">The transform cannot be inverted.</exception>
    public static InverseStftKernel Load(CudaContext context, StftParameters stft, SpectrumForm form, SpectrumLayout layout)
    {
        float[] values = MakeTables(stft);
        CudaKernel kernel = CudaKernel.Load(context, Ptx.Value, "trtv_inverse_stft", TrtvKernels.TRTV_MOST_SHARED_BYTES);
        DeviceBuffer<float>? tables = null;
        try
        {
            tables = new DeviceBuffer<float>(context, values.Length);
            using CudaStream stream = CudaStream.Create(context);
            using PinnedBuffer<float> staging = new(context, values.Length);
            values.CopyTo(staging.Span);
            stream.Copy(staging, tables, values.Length);
            stream.Synchronize();
            return new InverseStftKernel(kernel, tables, stft, form, layout == SpectrumLayout.FrameMajor);
        }
        catch
        {
            tables?.Dispose();
            kernel.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a failure means that the driver has no compiler for the kernel (a container without libnvidia-ptxjitcompiler, an older
    /// driver): then the host does it. Any other failure is one.
    /// </summary>
    public static bool IsCompilerMissing(CudaException failure) => failure.Call == nameof(CudaDriver.cuModuleLoadData)
        && (CUresult)failure.Code is CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND or CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION
            or CUresult.CUDA_ERROR_JIT_COMPILATION_DISABLED;

    /// <summary>Samples that an item of so many frames has.</summary>
    public int GetSampleCount(int frames) => _stft.GetSampleCount(frames);

    /// <summary>Reports, one a block, of the blocks that an item is made by: its first sample that is not finite, or int.MaxValue.</summary>
    public int GetReportCount(int batch, int frames) => CountBlocks(frames, GetChunkLength(batch, frames));

    /// <summary>Joins those who use it; each leaves once.</summary>
    /// <exception cref="ObjectDisposedException">The last one has left.</exception>
    public void Join() => ObjectDisposedException.ThrowIf(!_use.TryJoin(), this);

    /// <summary>The last one to leave frees everything; what was enqueued must be done.</summary>
    public void Leave()
    {
        if (!_use.Leave())
            return;
        _tables.Dispose();
        _kernel.Dispose();
    }

    /// <summary>Enqueues the transform of [batch, bins, frames] or [batch, frames, bins]; nothing for spectra without a sample.</summary>
    /// <param name="stream">Where.</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames of each.</param>
    /// <param name="planes">Device addresses of the spectrum's planes.</param>
    /// <param name="isHalf">Whether the planes are FP16.</param>
    /// <param name="samples">Device address of [batch, samples].</param>
    /// <param name="reports">Device address of [batch, <see cref="GetReportCount"/>] int32.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(
        CudaStream stream, int batch, int frames, (nint First, nint Second, nint Third) planes, bool isHalf, nint samples, nint reports)
    {
        using HandleLease queue = stream.Lease();
        Launch(queue.Value, batch, frames, planes, isHalf, samples, reports);
    }

    /// <summary>The same on a stream of the caller's (CUstream, cudaStream_t) of the same context.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(
        nint stream, int batch, int frames, (nint First, nint Second, nint Third) planes, bool isHalf, nint samples, nint reports)
    {
        int chunk = GetChunkLength(batch, frames);
        int blocks = CountBlocks(frames, chunk);
        if (blocks == 0)
            return;
        trtv_inverse_stft_arguments arguments = Plan(frames, chunk);
        int bins = _stft.BinCount;
        arguments.first = (ulong)planes.First;
        arguments.second = (ulong)planes.Second;
        arguments.third = (ulong)planes.Third;
        arguments.tables = (ulong)_tables.Address;
        arguments.samples = (ulong)samples;
        arguments.non_finite = (ulong)reports;
        arguments.item_stride = (long)bins * frames;
        (arguments.bin_stride, arguments.frame_stride) = _isFrameMajor ? (1, bins) : (frames, 1);
        arguments.form = (int)(_form == SpectrumForm.MagnitudeCosineSine
            ? trtv_spectrum_form.TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE
            : trtv_spectrum_form.TRTV_SPECTRUM_REAL_IMAGINARY);
        arguments.spectrum_format = (int)(isHalf ? trtv_number_format.TRTV_NUMBER_FLOAT16 : trtv_number_format.TRTV_NUMBER_FLOAT32);
        arguments.sample_format = (int)trtv_number_format.TRTV_NUMBER_FLOAT32;
        int threads = (long)blocks * batch < ManyBlocks ? ThreadsOfFewBlocks : ThreadsOfManyBlocks;
        _kernel.Launch(stream, arguments, blocks, batch, threads, arguments.shared_bytes);
    }

    private static byte[] ReadPtx()
    {
        using Stream resource = typeof(InverseStftKernel).Assembly.GetManifestResourceStream("kernels.ptx")
            ?? throw new InvalidOperationException("The assembly lacks kernels.ptx.");
        byte[] text = new byte[resource.Length + 1];
        resource.ReadExactly(text, 0, text.Length - 1);
        return text;
    }

    // exp(2πik/N) as pairs; the window over N and the interior envelope; the squared window.
    private static float[] MakeTables(StftParameters stft)
    {
        int length = stft.FftLength;
        WindowEnvelope envelope = new(stft);
        double[] window = HannWindow.Create(length);
        float[] tables = new float[4 * length];
        for (int n = 0; n < length; n++)
        {
            (double sin, double cos) = Math.SinCos(2 * Math.PI * n / length);
            (tables[2 * n], tables[(2 * n) + 1]) = ((float)cos, (float)sin);
            tables[(2 * length) + n] = (float)envelope.GetSynthesisWindow(n);
            tables[(3 * length) + n] = (float)(window[n] * window[n]);
        }
        return tables;
    }

    private static bool TryFactor(int length, Span<int> radices, out int count)
    {
        count = 0;
        foreach (int radix in (ReadOnlySpan<int>)[8, 4, 2, 5, 3])
        {
            for (; length % radix == 0; length /= radix, count++)
                if (!radices.IsEmpty)
                    radices[count] = radix;
        }
        return length == 1;
    }

    private int GetChunkLength(int batch, int frames)
    {
        int hops = (int)Math.Clamp((long)batch * frames / FramesPerHop, FewestHops, MostHops);
        return Math.Min(hops, Math.Max(1, MostChunk / _stft.HopLength)) * _stft.HopLength;
    }

    private int CountBlocks(int frames, int chunk) => (_stft.GetSampleCount(frames) + chunk - 1) / chunk;

    private unsafe trtv_inverse_stft_arguments Plan(int frames, int chunk)
    {
        (int length, int hop) = (_stft.FftLength, _stft.HopLength);
        trtv_inverse_stft_arguments arguments = new()
        {
            fft_length = length,
            hop_length = hop,
            trim_length = _stft.TrimLength,
            frame_count = frames,
            sample_count = _stft.GetSampleCount(frames),
            chunk_length = chunk,
            hop_magic = Magic(hop),
        };
        TryFactor(length / 2, new Span<int>(arguments.radices, TrtvKernels.TRTV_MOST_PASSES), out arguments.pass_count);
        for (int pass = 0, done = 1; pass < arguments.pass_count; done *= arguments.radices[pass++])
        {
            arguments.butterfly_magics[pass] = Magic(length / 2 / arguments.radices[pass]);
            arguments.done_magics[pass] = Magic(done);
        }
        // Two buffers of complex numbers a frame, with a gap after every eight; and the sums so far where frames come in several groups.
        int frameBytes = 16 * ((length / 2) + (length / 16));
        int touched = ((chunk + length - 2) / hop) + 1;
        int atOnce = Math.Min(touched, TrtvKernels.TRTV_MOST_SHARED_BYTES / frameBytes);
        int sumBytes = atOnce < touched ? sizeof(float) * chunk : 0;
        arguments.frames_at_once = Math.Min(atOnce, (TrtvKernels.TRTV_MOST_SHARED_BYTES - sumBytes) / frameBytes);
        arguments.shared_bytes = Math.Max(FewestSharedBytes, (arguments.frames_at_once * frameBytes) + sumBytes);
        return arguments;
    }

    // n / d = n · magic / 2^31 for n·d < 2^31.
    private static uint Magic(int divisor) => (uint)(((1L << 31) + divisor - 1) / divisor);
}
