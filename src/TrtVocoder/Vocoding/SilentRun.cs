using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>Runs on silence: they make shapes ready, and tell what they cost.</summary>
internal static class SilentRun
{
    /// <summary>The amplitudes of silence: the logarithm of the floor that mels have.</summary>
    public static float GetLevel(DecoderInfo info) => MathF.Log(info.Metadata.MelFloor);

    /// <summary>Makes a shape ready and runs it once.</summary>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    public static void Prepare(IDecoder decoder, DecoderInfo info, int items, int frames, bool isPinned, DecodeProfiler? profiler)
    {
        decoder.PrepareShape(items, frames, isPinned);
        Run(decoder, info, items, frames, profiler);
    }

    /// <summary>Makes one run, whose layers are not told.</summary>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    public static void Run(IDecoder decoder, DecoderInfo info, int items, int frames, DecodeProfiler? profiler)
    {
        profiler?.PauseLayers(true);
        try
        {
            decoder.BeginInput(items, frames).Fill(GetLevel(info));
            decoder.Run();
        }
        finally
        {
            profiler?.PauseLayers(false);
        }
    }
}
