using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>Asks a model what it does not say, by decoding small mels, and keeps the answers. Thread-safe.</summary>
internal sealed class ModelQuestions(DecoderInfo info)
{
    // FP16 rounds the weak influence of the outermost frames away: a kernel of 7 reaches 3 frames farther.
    private const int HiddenFrames = 3;
    private const int LeastFrames = 64;
    private const int MostFrames = 2048;

    // FP16 engines have other kernels for other batches; what they round is some 43 dB below the sound.
    private const double LeastBatchRatio = 1e-3;

    private readonly Lock _gate = new();
    private NetworkAnswers _answers = info.Answers;

    /// <summary>What was answered so far.</summary>
    public NetworkAnswers Answers
    {
        get
        {
            lock (_gate)
                return _answers;
        }
    }

    /// <summary>The frames that a result depends on; null where there are no bounds.</summary>
    /// <param name="decoder">The model's decoder, at rest.</param>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    public ReceptiveField? AskReceptiveField(IDecoder decoder)
    {
        lock (_gate)
        {
            if (_answers.ReceptiveField is null && !_answers.IsUnbounded)
            {
                ReceptiveField? field = FindReceptiveField(decoder);
                _answers = _answers with { LeftFrames = field?.Left, RightFrames = field?.Right, IsUnbounded = field is null };
            }
            return _answers.ReceptiveField;
        }
    }

    /// <summary>Whether the items of a batch are what they are alone.</summary>
    /// <param name="decoder">The model's decoder, at rest.</param>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    public bool AskBatch(IDecoder decoder)
    {
        lock (_gate)
        {
            if (_answers.BatchIsIndependent is null)
                _answers = _answers with { BatchIsIndependent = info.MaxBatch == 1 || IsBatchIndependent(decoder) };
            return _answers.BatchIsIndependent.Value;
        }
    }

    private ReceptiveField? FindReceptiveField(IDecoder decoder)
    {
        int frames = Math.Clamp(LeastFrames, info.MinFrames, info.MaxFrames);
        while (true)
        {
            if (Measure(decoder, frames) is { } field)
                return field;
            int next = Math.Min(Math.Max(2 * frames, 2 * LeastFrames), Math.Min(info.MaxFrames, Math.Max(MostFrames, info.MinFrames)));
            if (next <= frames)
                return null;
            frames = next;
        }
    }

    // Mels that are equal before a frame and unlike from there on, and the mirror image. Null where the change reaches an end: then it
    // might reach farther in a longer one.
    private ReceptiveField? Measure(IDecoder decoder, int frames)
    {
        float[] mel = ProbeMel.Make(info.Metadata.MelCount, frames, 1);
        float[] other = ProbeMel.Make(info.Metadata.MelCount, frames, 2);
        (float[] expected, int width) = Decode(decoder, mel, 1, frames);
        int units = info.Metadata.Signal == OutputKind.Spectrum ? 1 : info.Metadata.HopLength;
        int most = expected.Length / width;
        (int left, int right) = (0, 0);
        foreach (int split in (int[])[frames / 2, (frames / 2) - 3, (frames / 2) + 2])
        {
            if (split < 1 || split >= frames)
                return null;
            int first = Change.First(expected, Decode(decoder, Change.Join(mel, other, frames, split), 1, frames).Values, width);
            int last = Change.Last(expected, Decode(decoder, Change.Join(other, mel, frames, split), 1, frames).Values, width);
            if (first <= 0 || first >= most || last < 0 || last >= most - 1)
                return null;
            right = Math.Max(right, (split * units) - first);
            left = Math.Max(left, last + 1 - (split * units));
        }
        return new ReceptiveField(ToFrames(left), ToFrames(right));

        int ToFrames(int distance) => distance <= 0 ? 0 : ((distance + units - 1) / units) + HiddenFrames;
    }

    private bool IsBatchIndependent(IDecoder decoder)
    {
        int frames = Math.Clamp(LeastFrames / 2, info.MinFrames, info.MaxFrames);
        float[][] mels = [ProbeMel.Make(info.Metadata.MelCount, frames, 1), ProbeMel.Make(info.Metadata.MelCount, frames, 2)];
        float[] together = Decode(decoder, [.. mels[0], .. mels[1]], 2, frames).Values;
        float[] apart = [.. Decode(decoder, mels[0], 1, frames).Values, .. Decode(decoder, mels[1], 1, frames).Values];
        (double noise, double power) = (0, 0);
        for (int i = 0; i < apart.Length; i++)
        {
            noise += ((double)together[i] - apart[i]) * ((double)together[i] - apart[i]);
            power += (double)apart[i] * apart[i];
        }
        return together.Length == apart.Length && noise <= LeastBatchRatio * power;
    }

    // Frame by frame (both parts of all its bins), or sample by sample.
    private (float[] Values, int Width) Decode(IDecoder decoder, float[] mels, int batch, int frames)
    {
        mels.CopyTo(decoder.BeginInput(batch, frames));
        DecoderOutput output = decoder.Run();
        if (output.Signal == OutputKind.Waveform)
        {
            List<float> samples = [];
            for (int item = 0; item < batch; item++)
                samples.AddRange(output.GetAudio(item));
            return ([.. samples], 1);
        }
        int bins = (info.Metadata.FftLength / 2) + 1;
        float[] values = new float[batch * frames * 2 * bins];
        float[] real = new float[frames * bins];
        float[] imag = new float[frames * bins];
        for (int item = 0; item < batch; item++)
        {
            Dsp.Spectrum spectrum = output.GetSpectrum(item);
            spectrum.CopyTo(real, imag);
            (int binStep, int frameStep) = spectrum.Layout == Dsp.SpectrumLayout.BinsMajor ? (frames, 1) : (1, bins);
            int next = item * frames * 2 * bins;
            for (int frame = 0; frame < frames; frame++)
            {
                for (int bin = 0; bin < bins; bin++)
                {
                    values[next++] = real[(bin * binStep) + (frame * frameStep)];
                    values[next++] = imag[(bin * binStep) + (frame * frameStep)];
                }
            }
        }
        return (values, 2 * bins);
    }
}
