namespace TrtVocoder.GpuTests;

/// <summary>
/// The engines that checks need, as they lie on the target. What is missing throws: a check whose engine is not there has failed, also one that
/// waits for a refusal.
/// </summary>
/// <param name="root">The folder of engines.</param>
/// <param name="packed">The folder of this program, where 'run.sh pack' puts the engine of TensorRT-RTX.</param>
internal sealed class EngineFolder(string root, string packed)
{
    public string TinyFp32 => Find(root, "tiny", "tiny_fp32.engine");

    public string TinyFp16 => Find(root, "tiny", "tiny_fp16.engine");

    public string HalfWidth => Find(root, "half-width", "half-width_fp16.engine");

    public string FrameMajor => Find(root, "half-width-shift", "frame-major.engine");

    public string Waveform => Find(root, "half-width-shift", "waveform.engine");

    public string Batch => Find(root, "half-width-shift", "batch.engine");

    public string Streaming => Find(root, "streaming", "streaming.engine");

    public string StreamingWhole => Find(root, "streaming", "whole.engine");

    public string Rtx => Find(packed, "tiny_rtx.engine");

    /// <summary>Whole decodes of the forms, packed beside this program.</summary>
    public FormAnswers Answers { get; } = new(Path.Combine(packed, "forms"));

    public string Form(string name) => Find(root, "forms", name + ".engine");

    private static string Find(params ReadOnlySpan<string> parts)
    {
        string path = Path.Combine(parts);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing, so this was not checked.");
    }
}
