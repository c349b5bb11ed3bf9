using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Engines of other people's networks: what becomes of each, decoded or refused.</summary>
internal static class FormChecks
{
    private static readonly Form[] Forms =
    [
        new("ishowtts", "audio", Bands: 100, Samples: 25344),
        new("wavenext", "waveform", Bands: 80, Samples: 25600),
        // Its network puts out 25600, of which the last hop fades.
        new("f5", "audio", Bands: 100, Samples: 25344),
        new("wetdog", "audio", Bands: 100, Samples: 25344),
        new("sherpa22", "audio", Bands: 80, Samples: 25344),
        // The weights of wetdog, unnamed outputs, and 256 frames alone: whole decodes of other lengths are wetdog's.
        new("fixed256", "audio", Bands: 100, Samples: 65280, Answers: "wetdog"),
    ];

    public static void Run(CheckRun run, EngineFolder engines)
    {
        foreach (Form form in Forms)
        {
            run.Check("forms", $"the form '{form.Name}' is decoded with no option, at least 45 dB to PyTorch", () => Decoded(engines.Form(form.Name), form));
            foreach (int frames in FormAnswers.Lengths)
                run.Check("forms", $"the form '{form.Name}' decodes {frames} frames as ONNX Runtime does in one piece", () => AnyLength(engines, form, frames, isWarm: false));
            run.Check("forms", $"the form '{form.Name}' decodes 900 frames in ready windows as in one piece", () => AnyLength(engines, form, 900, isWarm: true));
        }
        run.Check("forms", "a batch of 'f5' is decoded one by one, with a note", () => Batch(engines));
        run.Check("forms", "the form 'f5' cannot be captured, says why, and decodes all the same", () => NotCaptured(engines.Form("f5")));
    }

    private static string Decoded(string engine, Form form)
    {
        string stem = engine[..^".engine".Length];
        (int[] shape, float[] mel) = NpyVectors.Read(stem + ".mel.npy");
        float[] expected = NpyVectors.ReadValues($"{stem}.{form.AudioVector}.npy");
        using Vocoder vocoder = Vocoder.Load(engine);
        using VocoderSession session = vocoder.CreateSession();
        int samples = vocoder.GetSampleCount(shape[^1]);
        Require(samples == form.Samples && samples == expected.Length, $"{samples} samples, expected {form.Samples} and {expected.Length}");
        float[] audio = new float[samples];
        session.Decode(mel, shape[^1], audio);
        double snr = Vectors.Snr(audio, expected);
        RequireSnr(snr, 45, form.Name);
        return FormattableString.Invariant($"{samples} samples, {snr:F1} dB, {vocoder.Info.Form}");
    }

    // Where the session promises exactness, which it does by having nothing to note.
    private static string AnyLength(EngineFolder engines, Form form, int frames, bool isWarm)
    {
        using Vocoder vocoder = Vocoder.Load(engines.Form(form.Name));
        using VocoderSession session = vocoder.CreateSession();
        if (isWarm)
            session.WarmUp();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(FormAnswers.MakeMel(form.Bands, frames), frames, audio);
        Require(audio.All(float.IsFinite), "it put out NaN or infinity");
        double snr = Vectors.Snr(audio, engines.Answers.Read(form.Answers ?? form.Name, frames));
        IReadOnlyList<string> notes = session.TakeNotes();
        if (notes.Count == 0)
            RequireSnr(snr, 45, $"{frames} frames");
        string windows = vocoder.WindowFrames.Count == 0 ? "one run" : $"windows of {string.Join(", ", vocoder.WindowFrames)}";
        return FormattableString.Invariant($"{snr:F1} dB, {windows}{(notes.Count > 0 ? ", noted as not exact" : "")}");
    }

    private static string Batch(EngineFolder engines)
    {
        const int Items = 3;
        const int Frames = 300;
        using Vocoder vocoder = Vocoder.Load(engines.Form("f5"));
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = FormAnswers.MakeMel(100, Frames);
        int samples = vocoder.GetSampleCount(Frames);
        float[] audio = new float[Items * samples];
        session.DecodeBatch([.. mel, .. mel, .. mel], Items, Frames, audio);
        IReadOnlyList<string> notes = session.TakeNotes();
        Require(notes.Count == 1, $"{notes.Count} notes, expected that items are decoded by themselves");
        float[] expected = engines.Answers.Read("f5", Frames);
        double worst = Enumerable.Range(0, Items).Min(item => Vectors.Snr(audio.AsSpan(item * samples, samples), expected));
        RequireSnr(worst, 45, "the worst item");
        return FormattableString.Invariant($"{worst:F1} dB at worst; {notes[0]}");
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

    private sealed record Form(string Name, string AudioVector, int Bands, int Samples, string? Answers = null);
}
