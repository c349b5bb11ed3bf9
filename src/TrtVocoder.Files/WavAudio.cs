namespace TrtVocoder.Files;

/// <summary>Sound as read from a WAV file.</summary>
public sealed class WavAudio
{
    /// <summary>Holds samples; copies nothing.</summary>
    /// <param name="samples">Channel-interleaved samples, full scale ±1.</param>
    /// <param name="channelCount">Channels, at least 1; divides the number of samples.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="encoding">How the file stored them, for people: <c>16-bit PCM</c>.</param>
    public WavAudio(float[] samples, int channelCount, int sampleRate, string encoding)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length % channelCount, 0, nameof(channelCount));
        Samples = samples;
        ChannelCount = channelCount;
        SampleRate = sampleRate;
        Encoding = encoding;
    }

    /// <summary>Channel-interleaved samples, full scale ±1.</summary>
    public float[] Samples { get; }

    /// <summary>Channels.</summary>
    public int ChannelCount { get; }

    /// <summary>Sample rate in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>How the file stored its samples, for people: <c>16-bit PCM</c>.</summary>
    public string Encoding { get; }

    /// <summary>Samples of one channel.</summary>
    public int Length => Samples.Length / ChannelCount;

    /// <summary>Duration in seconds.</summary>
    public double DurationSeconds => (double)Length / SampleRate;

    /// <summary>The mean of all channels; the samples themselves when there is one channel.</summary>
    public float[] ToMono()
    {
        if (ChannelCount == 1)
            return Samples;
        float[] mono = new float[Length];
        float scale = 1f / ChannelCount;
        for (int i = 0; i < mono.Length; i++)
        {
            float sum = 0;
            foreach (float sample in Samples.AsSpan(i * ChannelCount, ChannelCount))
                sum += sample;
            mono[i] = sum * scale;
        }
        return mono;
    }
}
