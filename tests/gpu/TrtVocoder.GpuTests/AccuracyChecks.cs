using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Spectra and samples against PyTorch's, in FP32, from the same weights.</summary>
internal static class AccuracyChecks
{
    private const int BatchItems = 16;
    private const int BatchFrames = 256;

    public static void Run(CheckRun run, EngineFolder engines)
    {
        run.Check("tiny", "spectra of tiny FP32 (TF32 on) reach 55 dB", () => Spectra(engines.TinyFp32, 55));
        run.Check("tiny", "spectra of tiny FP16 reach 40 dB", () => Spectra(engines.TinyFp16, 40));
        run.Check("half-width", "spectra of half-width FP16 reach 55 dB", () => Spectra(engines.HalfWidth, 55));
        run.Check("half-width-shift", "spectra of the fast form reach 55 dB", () => Spectra(engines.FrameMajor, 55));
        run.Check("half-width-shift", "spectra of the fast form for batches reach 55 dB", () => Spectra(engines.Batch, 55));
        run.Check("tiny", "audio of tiny FP32 (TF32 on) reaches 55 dB", () => Audio(engines.TinyFp32, 55));
        run.Check("tiny", "audio of tiny FP16 reaches 40 dB", () => Audio(engines.TinyFp16, 40));
        run.Check("half-width", "audio of half-width FP16 reaches 55 dB", () => Audio(engines.HalfWidth, 55));
        run.Check("half-width-shift", "audio of the fast form reaches 55 dB", () => Audio(engines.FrameMajor, 55));
        run.Check("half-width-shift", "audio of the fast form with its inverse STFT reaches 55 dB", () => Audio(engines.Waveform, 55));
        foreach ((string group, string engine) in (ReadOnlySpan<(string, string)>)[("tiny", engines.TinyFp16), ("half-width", engines.HalfWidth), ("half-width-shift", engines.FrameMajor)])
            run.Check(group, $"audio made on the GPU is not below the host's by 0.1 dB ({group})", () => BothPlaces(engine));
        run.Check("half-width-shift", "a batch of 16 gives what its items give alone", () => Batch(engines.Batch));
    }

    private static string Spectra(string engine, double leastDb)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        List<string> figures = [];
        foreach (Vectors vectors in Vectors.Beside(engine))
        {
            vectors.Mel.CopyTo(decoder.BeginInput(1, vectors.Frames));
            double snr = vectors.SnrOf(decoder.Run().GetSpectrum(0));
            figures.Add(FormattableString.Invariant($"T={vectors.Frames} {snr:F1} dB"));
            RequireSnr(snr, leastDb, $"T={vectors.Frames}");
        }
        return string.Join(", ", figures);
    }

    private static string Audio(string engine, double leastDb)
    {
        using Vocoder vocoder = Vocoder.Load(engine);
        using VocoderSession session = vocoder.CreateSession();
        List<string> figures = [];
        foreach (Vectors vectors in Vectors.Beside(engine))
        {
            float[] audio = vectors.Decode(vocoder, session);
            if (vectors.Audio.Length == 0 && audio.Length == 0)
            {
                figures.Add($"T={vectors.Frames} no samples");
                continue;
            }
            double snr = Vectors.Snr(audio, vectors.Audio);
            figures.Add(FormattableString.Invariant($"T={vectors.Frames} {snr:F1} dB"));
            RequireSnr(snr, leastDb, $"T={vectors.Frames}");
        }
        return string.Join(", ", figures);
    }

    private static string BothPlaces(string engine)
    {
        using Vocoder onGpu = Vocoder.Load(engine, new VocoderOptions { InverseStft = InverseStftPlace.Gpu }), onHost = Vocoder.Load(engine, new VocoderOptions { InverseStft = InverseStftPlace.Host });
        using VocoderSession gpu = onGpu.CreateSession(), host = onHost.CreateSession();
        List<string> figures = [];
        foreach (Vectors vectors in Vectors.Beside(engine).Where(vectors => vectors.Audio.Length > 0))
        {
            float[] made = vectors.Decode(onGpu, gpu), expected = vectors.Decode(onHost, host);
            (double gpuSnr, double hostSnr) = (Vectors.Snr(made, vectors.Audio), Vectors.Snr(expected, vectors.Audio));
            figures.Add(FormattableString.Invariant($"T={vectors.Frames} {gpuSnr:F2} against {hostSnr:F2} dB, {Vectors.Snr(made, expected):F0} dB to each other"));
            Require(gpuSnr >= hostSnr - 0.1, figures[^1]);
        }
        return string.Join(", ", figures);
    }

    // Items 0, 5, 10 and 15 are a vector's mel, so that an item's place in the batch would show; the others are noise of their own.
    private static string Batch(string engine)
    {
        Vectors vectors = Vectors.Beside(engine).First(vectors => vectors.Frames == BatchFrames);
        using Vocoder vocoder = Vocoder.Load(engine);
        Require(vocoder.Info.MaxBatch >= BatchItems, $"the engine takes {vocoder.Info.MaxBatch} items");
        using VocoderSession session = vocoder.CreateSession();
        float[][] mels = [.. Enumerable.Range(0, BatchItems).Select(item => item % 5 == 0 ? vectors.Mel : Mels.Random(vocoder.MelCount, BatchFrames, seed: item))];
        int samples = vocoder.GetSampleCount(BatchFrames);
        float[] together = new float[BatchItems * samples], alone = new float[samples];
        session.DecodeBatch([.. mels.SelectMany(mel => mel)], BatchItems, BatchFrames, together);
        double againstAlone = double.PositiveInfinity, againstVectors = double.PositiveInfinity;
        for (int item = 0; item < BatchItems; item++)
        {
            Span<float> audio = together.AsSpan(item * samples, samples);
            session.Decode(mels[item], BatchFrames, alone);
            double snr = Vectors.Snr(audio, alone);
            RequireSnr(snr, 50, $"item {item} against itself alone");
            againstAlone = Math.Min(againstAlone, snr);
            if (item % 5 != 0)
                continue;
            snr = Vectors.Snr(audio, vectors.Audio);
            RequireSnr(snr, 55, $"item {item} against its vectors");
            againstVectors = Math.Min(againstVectors, snr);
        }
        return FormattableString.Invariant($"{againstAlone:F1} dB to each alone, {againstVectors:F1} dB to the vectors at worst");
    }
}
