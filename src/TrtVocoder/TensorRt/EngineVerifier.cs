using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.TensorRt;

/// <summary>Lets an engine and the network that it was built from decode one mel, and compares.</summary>
internal static class EngineVerifier
{
    // Long enough for every layer's tiles, short enough for a CPU.
    private const int MaxFrames = 256;
    private const int MaxBatch = 4;

    // −60 dB below the reference is silence.
    private const double SilentPower = 1e-6;

    /// <summary>Runs both.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="openReference">Opens the network that it was built from.</param>
    /// <param name="source">The engine's name for messages.</param>
    /// <exception cref="TensorRtException">The engine puts out NaN, silence, or something else than the network.</exception>
    /// <exception cref="CudaException">Running the engine failed.</exception>
    public static TrtVerification Verify(TrtDecoderModel engine, Func<IDecoderModel> openReference, string source)
    {
        TrtOptimizationProfile profile = engine.Profile;
        int batch = Math.Max(profile.MinBatch, Math.Min(profile.OptBatch, MaxBatch));
        int frames = Math.Max(profile.MinFrames, Math.Min(profile.OptFrames, MaxFrames));
        float[] mel = SpeechLikeMel.Make(engine.Info.Metadata, batch, frames);
        float[][] heard = Decode(engine, mel, batch, frames);
        TrtVerification verification = new() { Batch = batch, Frames = frames };
        if (heard.Any(item => !double.IsFinite(Power(item))))
            throw Wrong(source, "puts out NaN or infinity");
        float[][] expected;
        try
        {
            using IDecoderModel reference = openReference();
            expected = Decode(reference, mel, batch, frames);
            verification = verification with { Reference = reference.Info.Backend };
        }
        catch (TrtVocoderException error)
        {
            return heard.Any(item => Power(item) == 0)
                ? throw Wrong(source, "puts out silence")
                : verification with { Note = $"there is nothing to compare it with: {error.Message.TrimEnd('.')}" };
        }

        double worst = TrtVerification.MaxDb;
        for (int item = 0; item < batch; item++)
        {
            if (heard[item].Length != expected[item].Length)
                throw Wrong(source, $"puts out {heard[item].Length} values where the network has {expected[item].Length}");
            double signal = Power(expected[item]);
            if (!double.IsFinite(signal) || signal == 0)
                throw Wrong(
                    source, $"puts out {(signal == 0 ? "silence" : "NaN")}, as its network does by {verification.Reference}",
                    "correct the model");
            if (Power(heard[item]) < SilentPower * signal)
                throw Wrong(source, $"puts out silence where {verification.Reference} does not");
            double noise = Noise(expected[item], heard[item]);
            worst = Math.Min(worst, 10 * Math.Log10(signal / noise));
        }
        if (worst < TrtVerification.MinDb)
            throw Wrong(source, FormattableString.Invariant(
                $"is {worst:0.0} dB (signal to noise) from its network by {verification.Reference}, where at least {TrtVerification.MinDb} are wanted"));
        return verification with { SignalToNoiseDb = worst };
    }

    // Each item's output in one order, whatever the network's: real and imaginary parts frame by frame, or samples.
    private static float[][] Decode(IDecoderModel model, float[] mel, int batch, int frames)
    {
        using IDecoder decoder = model.CreateDecoder();
        mel.CopyTo(decoder.BeginInput(batch, frames));
        DecoderOutput output = decoder.Run();
        float[][] items = new float[batch][];
        for (int item = 0; item < batch; item++)
            items[item] = output.Signal == OutputKind.Waveform ? output.GetAudio(item).ToArray() : Flatten(output.GetSpectrum(item));
        return items;
    }

    private static float[] Flatten(Spectrum spectrum)
    {
        (int bins, int frames) = (spectrum.Bins, spectrum.FrameCount);
        float[] values = new float[2 * bins * frames];
        float[] real = new float[bins * frames];
        float[] imag = new float[bins * frames];
        spectrum.CopyTo(real, imag);
        for (int frame = 0, next = 0; frame < frames; frame++)
        {
            for (int bin = 0; bin < bins; bin++)
            {
                int at = spectrum.Layout == SpectrumLayout.BinsMajor ? (bin * frames) + frame : (frame * bins) + bin;
                values[next++] = real[at];
                values[next++] = imag[at];
            }
        }
        return values;
    }

    private static double Power(float[] values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += (double)value * value;
        return sum;
    }

    private static double Noise(float[] expected, float[] heard)
    {
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
            sum += ((double)heard[i] - expected[i]) * ((double)heard[i] - expected[i]);
        return sum;
    }

    private static TensorRtException Wrong(string source, string what, string advice =
        "build it in FP32, or with another optimisation level") =>
        new($"{source} is not kept: the engine {what}; {advice}.", (int)trtv_status.TRTV_ERROR_TENSORRT, "")
        {
            Kind = FailureKind.WrongOutput,
        };
}
