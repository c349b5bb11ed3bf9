using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Vocoding;

namespace TrtVocoder.FleetSimulation;

/// <summary>
/// The windows that a scheduler cuts mels into, by the library's own plan for an engine whose samples are made on the GPU.
/// </summary>
internal sealed class WindowCutter
{
    // Vocos of 8 blocks: 3·(1 + 8).
    private const int ReceptiveFieldFrames = 27;

    private readonly WindowPlan _plan;
    private readonly VocoderMetadata _metadata;
    private readonly Dictionary<int, int[]> _known = [];

    /// <param name="longest">The most frames of a window.</param>
    /// <param name="batch">The most windows of a run, which share its fixed cost.</param>
    /// <param name="isOnlyLength">Whether all windows are of that length.</param>
    public WindowCutter(int longest, int batch, bool isOnlyLength = false)
    {
        _metadata = new VocoderMetadata
        {
            SampleRate = 24000,
            FftLength = 1024,
            HopLength = 256,
            MelCount = 100,
            Padding = StftPadding.Center,
            ReceptiveFieldFrames = ReceptiveFieldFrames,
        };
        DecoderInfo info = new()
        {
            Metadata = _metadata,
            Signal = OutputKind.Waveform,
            Backend = "simulation",
            MaxBatch = batch,
            MinFrames = 1,
            MaxFrames = longest,
            HasCostlyShapes = true,
        };
        WindowPolicy windows = isOnlyLength ? WindowPolicy.Of(longest) : WindowPolicy.Auto;
        WindowPlan plan = WindowPlan.Create(info, new VocoderOptions { Windows = windows, MaxWindowFrames = longest });
        _plan = plan.WithCosts(WindowCosts.Share(plan.Frames, batch));
    }

    /// <summary>Lengths in frames, ascending.</summary>
    public IReadOnlyList<int> Lengths => _plan.Frames;

    /// <summary>Seconds of speech that a mel decodes to.</summary>
    public double GetSeconds(int frames) => (double)_metadata.GetSampleCount(frames) / _metadata.SampleRate;

    /// <summary>The frames of each window of a mel, in order.</summary>
    public IReadOnlyList<int> Cut(int frames)
    {
        if (!_known.TryGetValue(frames, out int[]? windows))
        {
            windows = [.. MelWindow.Cut(_plan, frames, _metadata.GetSampleCount(frames)).Select(window => window.Frames)];
            _known.Add(frames, windows);
        }
        return windows;
    }
}
