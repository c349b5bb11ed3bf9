namespace TrtVocoder.Dsp;

/// <summary>
/// Natural-log mel amplitudes, as upstream Vocos computes them with torchaudio.transforms.MelSpectrogram: power 1, reflected edges, then
/// log(max(x, floor)); the floor is 1e-7 for Vocos, 1e-5 for F5-TTS. Upstream's bands are of HTK's scale, f 0 … sample rate/2, without
/// normalisation; those of the 22.05 and 44.1 kHz families are librosa's, of Slaney's scale and normalisation, often up to 8000 Hz.
/// One instance serves one thread at a time and allocates nothing after its construction.
/// </summary>
public sealed unsafe class MelSpectrogram : IDisposable
{
    private readonly Stft _stft;
    private readonly MelFilterbank _filterbank;
    private readonly AlignedBuffer _magnitudes;

    /// <summary>Plans the transform and makes the filters.</summary>
    /// <param name="parameters">n_fft, hop and padding.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="melCount">Mel bands.</param>
    /// <param name="floor">The least amplitude, before the logarithm; above 0.</param>
    /// <param name="minFrequency">Lower end of the first band in Hz (<c>f_min</c>).</param>
    /// <param name="maxFrequency">Upper end of the last band in Hz (<c>f_max</c>); null for half the sample rate.</param>
    /// <param name="slaneyScale">Bands of Slaney's scale (<c>mel_scale: slaney</c>, librosa's <c>htk=False</c>) in place of HTK's.</param>
    /// <param name="slaneyNorm">Bands of equal area (<c>norm: slaney</c>) in place of equal height.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    /// <exception cref="NativeLibraryException">FFTW is not installed.</exception>
    public MelSpectrogram(
        StftParameters parameters, int sampleRate, int melCount, float floor, float minFrequency = 0, float? maxFrequency = null,
        bool slaneyScale = false, bool slaneyNorm = false)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(melCount, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(floor);
        ArgumentOutOfRangeException.ThrowIfNegative(minFrequency);
        if (!float.IsFinite(maxFrequency ?? 1) || maxFrequency <= minFrequency)
            throw new ArgumentOutOfRangeException(nameof(maxFrequency), maxFrequency, "The upper frequency must lie above the lower one.");
        SampleRate = sampleRate;
        MelCount = melCount;
        Floor = floor;
        _stft = new Stft(parameters);
        _filterbank = new MelFilterbank(sampleRate, parameters.BinCount, melCount,
            new MelScale(minFrequency, maxFrequency, slaneyScale, slaneyNorm));
        _magnitudes = new AlignedBuffer(parameters.BinCount);
    }

    /// <summary>n_fft, hop and padding.</summary>
    public StftParameters Parameters => _stft.Parameters;

    /// <summary>Samples per second.</summary>
    public int SampleRate { get; }

    /// <summary>Mel bands.</summary>
    public int MelCount { get; }

    /// <summary>The least amplitude, before the logarithm.</summary>
    public float Floor { get; }

    /// <summary>The fewest samples that can be analysed; see <see cref="Stft.MinSampleCount"/>.</summary>
    public int MinSampleCount => _stft.MinSampleCount;

    /// <summary>Frames of a signal; see <see cref="Stft.GetFrameCount"/>.</summary>
    /// <exception cref="DataFormatException">The signal is shorter than <see cref="MinSampleCount"/>.</exception>
    public int GetFrameCount(int samples) => _stft.GetFrameCount(samples);

    /// <summary>Analyses a whole signal.</summary>
    /// <param name="audio">Samples, full scale 1.</param>
    /// <param name="mel">Log amplitudes, [n_mels, frames], as the network takes them.</param>
    /// <exception cref="DataFormatException">The signal is too short.</exception>
    /// <exception cref="ArgumentException">The output span has the wrong length.</exception>
    public void Compute(ReadOnlySpan<float> audio, Span<float> mel)
    {
        int frames = GetFrameCount(audio.Length);
        if (mel.Length != (long)frames * MelCount)
            throw new ArgumentException(
                $"{frames} frames of {MelCount} bands need {(long)frames * MelCount} values, the span holds {mel.Length}.", nameof(mel));
        for (int frame = 0; frame < frames; frame++)
        {
            _stft.TransformFrame(audio, frame, out float* re, out float* im);
            VectorKernels.Magnitude(_magnitudes.Pointer, re, im, Parameters.BinCount);
            _filterbank.Apply(_magnitudes.Pointer, Floor, mel[frame..], frames);
        }
        VectorKernels.Log(mel);
        // Not before here may the buffers that the loop points into be finalized.
        GC.KeepAlive(this);
    }

    /// <summary>Frees the scratch memory. Idempotent.</summary>
    public void Dispose()
    {
        _stft.Dispose();
        _filterbank.Dispose();
        _magnitudes.Dispose();
    }
}
