using System.Diagnostics;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Samples decoded from one input, and how long the decode (mel to samples) took.</summary>
internal sealed record SynthesisResult(float[] Samples, int Frames, int SampleRate, double DecodeSeconds)
{
    public double DurationSeconds => (double)Samples.Length / SampleRate;

    /// <summary>Decode time over the sound's duration: below 1 is faster than real time.</summary>
    public double RealTimeFactor => DecodeSeconds / DurationSeconds;

    /// <summary>Decodes a mel, or the mel of a WAV file.</summary>
    public static SynthesisResult Run(InputFile input, Vocoder vocoder, VocoderSession session, float? melFloor, bool isTransposed, CommandOutput output)
    {
        Mel mel = input.Kind == InputKind.Wav
            ? SpeechInput.ToMel(
                SpeechInput.Read(input, vocoder.SampleRate, output), melFloor is { } floor ? vocoder.Metadata with { MelFloor = floor } : vocoder.Metadata, input.Name)
            : Mel.Read(input, vocoder.MelCount, isTransposed);
        int count = vocoder.GetSampleCount(mel.Frames);
        if (count == 0)
            throw CliException.BadInput($"{input.Name} has {mel.Frames} frame, which decodes to no samples with this model's padding; at least 2 are needed.");
        float[] samples = new float[count];
        long start = Stopwatch.GetTimestamp();
        session.Decode(mel.Values, mel.Frames, samples);
        return new SynthesisResult(samples, mel.Frames, vocoder.SampleRate, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
