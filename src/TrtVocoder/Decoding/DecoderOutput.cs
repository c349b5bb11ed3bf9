using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>A view of a decoder's output memory: spectra or samples of every batch item. Valid until the next call on the decoder.</summary>
public readonly ref struct DecoderOutput
{
    private readonly ReadOnlySpan<float> _first;
    private readonly ReadOnlySpan<float> _second;
    private readonly SpectrumLayout _layout;
    private readonly int _bins;
    private readonly int _framesOrSamples;

    private DecoderOutput(OutputKind signal, ReadOnlySpan<float> first, ReadOnlySpan<float> second, SpectrumLayout layout, int bins, int framesOrSamples)
    {
        Signal = signal;
        _first = first;
        _second = second;
        _layout = layout;
        _bins = bins;
        _framesOrSamples = framesOrSamples;
    }

    /// <summary>Whether <see cref="GetSpectrum"/> or <see cref="GetAudio"/> applies.</summary>
    public OutputKind Signal { get; }

    /// <summary>Spectra: two blocks of [batch, bins, frames] or [batch, frames, bins].</summary>
    public static DecoderOutput FromSpectrum(ReadOnlySpan<float> real, ReadOnlySpan<float> imag, SpectrumLayout layout, int bins, int frames) =>
        new(OutputKind.Spectrum, real, imag, layout, bins, frames);

    /// <summary>Samples: one block of [batch, samples].</summary>
    public static DecoderOutput FromAudio(ReadOnlySpan<float> audio, int samples) =>
        new(OutputKind.Waveform, audio, default, default, 0, samples);

    /// <summary>The spectrum of batch item <paramref name="item"/>.</summary>
    /// <exception cref="InvalidOperationException">The network puts out samples.</exception>
    public Spectrum GetSpectrum(int item)
    {
        if (Signal != OutputKind.Spectrum)
            throw new InvalidOperationException("This network puts out samples, not a spectrum.");
        int size = _bins * _framesOrSamples;
        return new Spectrum(_first.Slice(item * size, size), _second.Slice(item * size, size), _layout, _bins, _framesOrSamples);
    }

    /// <summary>The samples of batch item <paramref name="item"/>.</summary>
    /// <exception cref="InvalidOperationException">The network puts out a spectrum.</exception>
    public ReadOnlySpan<float> GetAudio(int item)
    {
        if (Signal != OutputKind.Waveform)
            throw new InvalidOperationException("This network puts out a spectrum, not samples.");
        return _first.Slice(item * _framesOrSamples, _framesOrSamples);
    }
}
