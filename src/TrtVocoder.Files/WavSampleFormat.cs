namespace TrtVocoder.Files;

/// <summary>How a WAV file stores its samples.</summary>
public enum WavSampleFormat
{
    /// <summary>16-bit integers: the widest use.</summary>
    Pcm16,

    /// <summary>24-bit integers.</summary>
    Pcm24,

    /// <summary>32-bit floating point: nothing is rounded or clipped.</summary>
    IeeeFloat,
}
