using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>What a program makes of a model's parameters once they were accepted: the transforms of a session. So parameters without bounds show here.</summary>
internal static class ModelUse
{
    // A transform of a size is planned once: planning takes longer than all the reading.
    private static readonly HashSet<(StftParameters, int, int)> Used = [];

    public static void Try(VocoderMetadata metadata)
    {
        StftParameters stft = metadata.Stft;
        if (Used.Count > 2000 || !Used.Add((stft, metadata.MelCount, metadata.SampleRate)))
            return;
        using MelSpectrogram mel = new(stft, metadata.SampleRate, metadata.MelCount, metadata.MelFloor);
        try
        {
            using InverseStft inverse = new(stft);
            _ = inverse.Parameters;
        }
        catch (DataFormatException)
        {
            // Windows that overlap too little: said when a session is made.
        }
    }
}
