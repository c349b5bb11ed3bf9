using System.Diagnostics;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Inputs;

/// <summary>Samples decoded from one input, and how long the decode (mel to samples) took.</summary>
internal sealed record SynthesisResult(float[] Samples, int Frames, int SampleRate, double DecodeSeconds)
{
    public double DurationSeconds => (double)Samples.Length / SampleRate;

    /// <summary>Decode time over the sound's duration: below 1 is faster than real time.</summary>
    public double RealTimeFactor => DecodeSeconds / DurationSeconds;

    /// <summary>Decodes a mel, or the mel of a WAV file.</summary>
    public static SynthesisResult Run(
        InputFile input, Vocoder vocoder, VocoderSession session, float? melFloor, MelChoice choice, CommandOutput output)
    {
        Mel mel = input.Kind == InputKind.Wav
            ? SpeechInput.ToMel(
                SpeechInput.Read(input, vocoder.SampleRate, output),
                melFloor is { } floor ? vocoder.Metadata with { MelFloor = floor } : vocoder.Metadata, input.Name)
            : Mel.Read(input, vocoder.MelCount, choice);
        int count = vocoder.GetSampleCount(mel.Frames);
        if (count == 0)
            throw CliException.BadInput(
                $"{input.Name} has {mel.Frames} frame, which decodes to no samples with this model's padding; at least 2 are needed.");
        VocoderMetadata metadata = vocoder.Metadata;
        int valuesPerFrame = metadata.MelCount + (metadata.Signal == OutputKind.Spectrum ? 2 * metadata.Stft.BinCount : metadata.HopLength);
        Memory.ThrowIfTooLarge(input.Name, Math.Min(mel.Frames, vocoder.OwnLengthLimit), valuesPerFrame);
        if (input.Kind != InputKind.Wav && MelRange.Describe(mel.Values) is { } scale)
            output.Note($"{input.Name}: {scale}; the model takes natural logarithms of amplitudes, and makes noise of other mels.");
        float[] samples = new float[count];
        long start = Stopwatch.GetTimestamp();
        session.Decode(mel.Values, mel.Frames, samples);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (string note in session.TakeNotes())
            output.Note($"{input.Name}: {note}");
        return new SynthesisResult(samples, mel.Frames, vocoder.SampleRate, seconds);
    }
}
