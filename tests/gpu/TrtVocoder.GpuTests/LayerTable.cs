using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>Every layer's time in captured runs of one length, longest first. One JSON line a layer.</summary>
internal static class LayerTable
{
    public static int Run(string engine, int frames)
    {
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Of(frames) });
        DecodeProfiler profiler = new(collectsLayers: true);
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        profiler.Clear();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        for (int i = 0; i < 200; i++)
            session.Decode(Mels.Random(vocoder.MelCount, frames), frames, audio);
        foreach (LayerTimes layer in profiler.GetLayers().OrderByDescending(layer => layer.TotalMs))
        {
            using JsonLine line = new();
            line.Text("layer", layer.Name).Number("count", layer.Times.Count).Number("median_ms", layer.Times.Median).Number("percentage", layer.Percentage).Number("used_graph", profiler.Last.UsedGraph ? 1 : 0);
        }
        return 0;
    }
}
