using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>
/// A view of a decoder's output memory: spectra or samples of every batch item. Valid until the next call on the decoder.
/// </summary>
public readonly ref struct DecoderOutput
{
    private readonly OutputValues _first;
    private readonly OutputValues _second;
    private readonly OutputValues _third;
    private readonly SpectrumForm _form;
    private readonly SpectrumLayout _layout;
    private readonly int _bins;
    private readonly int _framesOrSamples;
    private readonly ReadOnlySpan<int> _reports;

    private DecoderOutput(OutputKind signal, OutputValues first, int framesOrSamples)
    {
        Signal = signal;
        _first = first;
        _framesOrSamples = framesOrSamples;
    }

    private DecoderOutput(OutputValues audio, int samples, ReadOnlySpan<int> reports)
        : this(OutputKind.Waveform, audio, samples) => _reports = reports;

    /// <summary>Planes of [batch, bins, frames] or [batch, frames, bins].</summary>
    internal DecoderOutput(
        SpectrumForm form, OutputValues first, OutputValues second, OutputValues third, SpectrumLayout layout, int bins, int frames)
        : this(OutputKind.Spectrum, first, frames)
    {
        _second = second;
        _third = third;
        _form = form;
        _layout = layout;
        _bins = bins;
    }

    /// <summary>Whether <see cref="GetSpectrum(int)"/> or <see cref="GetAudio(int)"/> applies.</summary>
    public OutputKind Signal { get; }

    /// <summary>Samples of an item; 0 where the network puts out a spectrum.</summary>
    public int Samples => Signal == OutputKind.Waveform ? _framesOrSamples : 0;

    /// <summary>Spectra: two blocks of [batch, bins, frames] or [batch, frames, bins].</summary>
    public static DecoderOutput FromSpectrum(
        ReadOnlySpan<float> real, ReadOnlySpan<float> imag, SpectrumLayout layout, int bins, int frames) =>
        new(SpectrumForm.RealImaginary, new OutputValues(real), new OutputValues(imag), default, layout, bins, frames);

    /// <summary>Samples: one block of [batch, samples].</summary>
    public static DecoderOutput FromAudio(ReadOnlySpan<float> audio, int samples) => FromAudio(new OutputValues(audio), samples);

    /// <summary>The spectrum of batch item <paramref name="item"/>.</summary>
    /// <exception cref="InvalidOperationException">The network puts out samples.</exception>
    public Spectrum GetSpectrum(int item) => GetSpectrum(item, 0, _framesOrSamples);

    /// <summary>
    /// Frames of the spectrum of batch item <paramref name="item"/>: where the network puts out FP16, only these are brought into FP32.
    /// </summary>
    /// <param name="item">The item.</param>
    /// <param name="firstFrame">The first frame.</param>
    /// <param name="frameCount">How many.</param>
    /// <exception cref="InvalidOperationException">The network puts out samples.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The item has no such frames.</exception>
    public Spectrum GetSpectrum(int item, int firstFrame, int frameCount)
    {
        if (Signal != OutputKind.Spectrum)
            throw new InvalidOperationException("This network puts out samples, not a spectrum.");
        int size = _bins * _framesOrSamples;
        bool hasThird = SpectrumPlanes.Count(_form) > 2;
        Spectrum part = new Spectrum(
            _form, _first.All.Slice(item * size, size), _second.All.Slice(item * size, size),
            hasThird ? _third.All.Slice(item * size, size) : [], _layout, _bins, _framesOrSamples).Slice(firstFrame, frameCount);
        Read(_first, item * size, firstFrame, frameCount);
        Read(_second, item * size, firstFrame, frameCount);
        if (hasThird)
            Read(_third, item * size, firstFrame, frameCount);
        return part;
    }

    /// <summary>The samples of batch item <paramref name="item"/>.</summary>
    /// <exception cref="InvalidOperationException">The network puts out a spectrum.</exception>
    public ReadOnlySpan<float> GetAudio(int item) => GetAudio(item, 0, _framesOrSamples);

    /// <summary>Samples of batch item <paramref name="item"/>: where the network puts out FP16, only these are brought into FP32.</summary>
    /// <param name="item">The item.</param>
    /// <param name="first">The first sample.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="InvalidOperationException">The network puts out a spectrum.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The item has no such samples.</exception>
    public ReadOnlySpan<float> GetAudio(int item, int first, int count)
    {
        if (Signal != OutputKind.Waveform)
            throw new InvalidOperationException("This network puts out a spectrum, not samples.");
        ReadOnlySpan<float> part = _first.All.Slice(item * _framesOrSamples, _framesOrSamples).Slice(first, count);
        _first.Read((item * _framesOrSamples) + first, count);
        return part;
    }

    /// <summary>The samples of the first items, one behind the other.</summary>
    internal ReadOnlySpan<float> GetAudioOfItems(int items)
    {
        _first.Read(0, items * _framesOrSamples);
        return _first.All[..(items * _framesOrSamples)];
    }

    internal static DecoderOutput FromAudio(OutputValues audio, int samples) => new(OutputKind.Waveform, audio, samples);

    /// <summary>Samples whose maker looked for what is not finite: reports of as many parts for each item, int.MaxValue for a good one.</summary>
    internal static DecoderOutput FromAudio(OutputValues audio, int samples, ReadOnlySpan<int> reports) => new(audio, samples, reports);

    /// <summary>Whether the samples of all items are known to be finite, without a look at them.</summary>
    internal bool IsKnownFinite => !_reports.IsEmpty && !_reports.ContainsAnyExcept(int.MaxValue);

    private void Read(in OutputValues values, int start, int firstFrame, int frameCount)
    {
        // In memory a spectrum is rows of frames, one a bin, or one row of whole frames.
        (int rows, int frameSize) = _layout == SpectrumLayout.BinsMajor ? (_bins, 1) : (1, _bins);
        for (int row = 0; row < rows; row++)
            values.Read(start + (((row * _framesOrSamples) + firstFrame) * frameSize), frameCount * frameSize);
    }

    /// <summary>Refuses a run of too few samples: the network's hop or padding are not what they are said to be.</summary>
    /// <param name="samples">Samples of an item that the run put out.</param>
    /// <param name="needed">Those that hop and padding mean, at least.</param>
    /// <exception cref="DataFormatException">There are fewer.</exception>
    internal static void CheckSamples(int samples, int needed)
    {
        if (samples < needed)
        {
            throw new DataFormatException(
                $"The network put out {samples} samples where its hop and padding mean at least {needed}; its metadata, "
                    + $"or what was told of its hop and padding, are wrong.")
            { Kind = FailureKind.HopLengthWrong };
        }
    }
}
