using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Engines of other people's networks: what becomes of each, decoded or refused.</summary>
internal static class FormChecks
{
    private const string ThreeOutputs = "are magnitude, cosine and sine";

    private const string UnnamedOutputs = "is a spectrum's real and imaginary parts, or samples, by name";

    private static readonly Form[] Forms =
    [
        // Told n_fft, since a network whose bins are a symbol does not say it; it decodes 64 frames or more.
        new("ishowtts", "audio", Samples: 25344, Hints: new ModelHints { FftLength = 1024 }),
        // Its network puts out 25600; the last hop is cut off, as of a padding that is 'center'.
        new("wavenext", "waveform", Samples: 25344),
        new("f5", "audio", Samples: 25344),
        new("wetdog", "audio", Refusal: ThreeOutputs),
        new("sherpa22", "audio", Refusal: ThreeOutputs),
        new("fixed256", "audio", Refusal: UnnamedOutputs),
    ];

    public static void Run(CheckRun run, EngineFolder engines)
    {
        foreach (Form form in Forms)
        {
            if (form.Refusal is null)
                run.Check("forms", $"the form '{form.Name}' is decoded, at least 45 dB", () => Decoded(engines.Form(form.Name), form));
            else
                run.Check("forms", $"the form '{form.Name}' is refused in one sentence", () => Refused<DataFormatException>(() => TrtDecoderModel.Load(engines.Form(form.Name)).Dispose(), form.Refusal));
        }
        run.Check("forms", "the form 'f5' cannot be captured, says why, and decodes all the same", () => NotCaptured(engines.Form("f5")));
    }

    private static string Decoded(string engine, Form form)
    {
        string stem = engine[..^".engine".Length];
        (int[] shape, float[] mel) = NpyVectors.Read(stem + ".mel.npy");
        float[] expected = NpyVectors.ReadValues($"{stem}.{form.AudioVector}.npy");
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = form.Hints ?? new ModelHints() });
        using VocoderSession session = vocoder.CreateSession();
        int samples = vocoder.GetSampleCount(shape[^1]);
        Require(samples == form.Samples && samples <= expected.Length, $"{samples} samples, expected {form.Samples} of {expected.Length}");
        float[] audio = new float[samples];
        session.Decode(mel, shape[^1], audio);
        double snr = Vectors.Snr(audio, expected.AsSpan(0, samples));
        RequireSnr(snr, 45, form.Name);
        return FormattableString.Invariant($"{samples} samples, {snr:F1} dB, {vocoder.SampleRate} Hz");
    }

    // The envelope of its inverse STFT comes of a NonZero, which waits for the GPU: no graph can hold that.
    private static string NotCaptured(string engine)
    {
        (int[] shape, float[] mel) = NpyVectors.Read(engine[..^".engine".Length] + ".mel.npy");
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.PrepareShape(1, shape[^1]);
        mel.CopyTo(decoder.BeginInput(1, shape[^1]));
        float[] audio = decoder.Run().GetAudio(0).ToArray();
        DecoderState state = decoder.State;
        Require(state.CapturedShapes == 0 && !string.IsNullOrEmpty(state.CaptureRefusal), $"{state.CapturedShapes} shapes were captured");
        float[] expected = NpyVectors.ReadValues(engine[..^".engine".Length] + ".audio.npy");
        RequireSnr(Vectors.Snr(audio.AsSpan(0, expected.Length), expected), 45, "enqueued");
        return state.CaptureRefusal!;
    }

    private sealed record Form(string Name, string AudioVector, int Samples = 0, string? Refusal = null, ModelHints? Hints = null);
}
