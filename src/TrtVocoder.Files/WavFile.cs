using System.Buffers;
using TrtVocoder.Internal;

namespace TrtVocoder.Files;

/// <summary>
/// Reads and writes RIFF WAVE files. Reading takes PCM of 8, 16, 24 and 32 bits, floating point of 32 and 64 bits, extensible headers,
/// RF64, and, with a note where it is a fault, what other readers take: sizes that were never filled in or are too large, a missing pad
/// byte, 24 bits in containers of 4 bytes. Safe for use by many threads.
/// </summary>
/// <remarks>Formats: Microsoft's "Multiple channel audio data and WAVE files"; RF64: EBU Tech 3306.</remarks>
public static class WavFile
{
    /// <summary>Reads a WAV file.</summary>
    /// <exception cref="DataFormatException">The file is truncated, foreign or of a kind that is not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static WavAudio Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        return Read(stream, path);
    }

    /// <summary>Reads a WAV file from a stream, which need not be seekable.</summary>
    /// <param name="stream">Stands at the file's first byte.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The file is truncated, foreign or of a kind that is not supported.</exception>
    public static WavAudio Read(Stream stream, string name) => new WavReader(stream, name).Read();

    /// <summary>Writes a WAV file, wholly or not at all.</summary>
    /// <inheritdoc cref="Write(Stream, ReadOnlySpan{float}, int, int, WavSampleFormat)"/>
    /// <param name="path">Where to.</param>
    /// <param name="samples">Channel-interleaved samples, full scale ±1.</param>
    /// <param name="channelCount">Channels.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="format">How samples are stored.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="IOException">The file cannot be written, or exists and <paramref name="overwrite"/> is false.</exception>
    public static int Write(string path, float[] samples, int channelCount, int sampleRate, WavSampleFormat format, bool overwrite)
    {
        int clipped = 0;
        AtomicFile.Write(path, overwrite, stream => clipped = Write(stream, samples, channelCount, sampleRate, format));
        return clipped;
    }

    /// <summary>Writes a WAV file to a stream, which need not be seekable.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="samples">Channel-interleaved samples, full scale ±1.</param>
    /// <param name="channelCount">Channels.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="format">How samples are stored; integers are rounded to nearest, ties to even, and clipped at full scale.</param>
    /// <returns>How many samples lay beyond ±1 and were clipped; always 0 for <see cref="WavSampleFormat.IeeeFloat"/>.</returns>
    /// <exception cref="DataFormatException">A sample is NaN or infinite, or the file would exceed 4 GiB.</exception>
    public static int Write(Stream stream, ReadOnlySpan<float> samples, int channelCount, int sampleRate, WavSampleFormat format) =>
        WavWriter.Write(stream, samples, channelCount, sampleRate, format);

    /// <summary>Writes a WAV file to a stream without blocking a thread, as a response's body must be.</summary>
    /// <inheritdoc cref="Write(Stream, ReadOnlySpan{float}, int, int, WavSampleFormat)"/>
    /// <param name="stream">Where to.</param>
    /// <param name="samples">Channel-interleaved samples, full scale ±1.</param>
    /// <param name="channelCount">Channels.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="format">How samples are stored.</param>
    /// <param name="cancellationToken">Ends the writing, with a part of the file written.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Task<int> WriteAsync(
        Stream stream, ReadOnlyMemory<float> samples, int channelCount, int sampleRate, WavSampleFormat format,
        CancellationToken cancellationToken = default) =>
        WavWriter.WriteAsync(stream, samples, channelCount, sampleRate, format, cancellationToken);

    /// <summary>
    /// Writes a WAV file's header alone, for samples that follow by <see cref="WriteSamples"/>: of a known length, or of an unknown one, by the
    /// sizes 0xFFFFFFFF that players read as "until the end". A PipeWriter is such a writer.
    /// </summary>
    /// <param name="writer">Where to.</param>
    /// <param name="channelCount">Channels.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="format">How samples will be stored.</param>
    /// <param name="length">Samples of each channel to come; null: unknown.</param>
    /// <exception cref="DataFormatException">The file would exceed 4 GiB.</exception>
    public static void WriteHeader(
        IBufferWriter<byte> writer, int channelCount, int sampleRate, WavSampleFormat format, int? length = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(WavWriter.GetHeader(channelCount, sampleRate, format, length));
    }

    /// <summary>Writes samples as a WAV file stores them, and nothing else: raw PCM where no header goes before.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="samples">Channel-interleaved samples, full scale ±1.</param>
    /// <param name="format">How samples are stored; integers are rounded to nearest, ties to even, and clipped at full scale.</param>
    /// <returns>How many samples lay beyond ±1 and were clipped.</returns>
    /// <exception cref="DataFormatException">A sample is NaN or infinite; nothing was written.</exception>
    public static int WriteSamples(IBufferWriter<byte> writer, ReadOnlySpan<float> samples, WavSampleFormat format)
    {
        ArgumentNullException.ThrowIfNull(writer);
        return WavWriter.WriteSamples(writer, samples, format);
    }
}
