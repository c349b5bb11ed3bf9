namespace TrtVocoder.Decoding;

/// <summary>Small runs of a network on mels like speech, by which it is asked; each length runs once.</summary>
internal sealed class ProbeRuns(INetworkProbe probe, NetworkInputs inputs)
{
    private const int UsualFrames = 24;
    private readonly Dictionary<int, IReadOnlyList<TensorValues>> _runs = [];
    private readonly (int Least, int Most) _limits = probe.GetFrames(inputs.IsFrameMajor ? 1 : 2);

    /// <summary>Few frames, as far as the network takes them.</summary>
    public int Frames => Clamp(UsualFrames);

    /// <summary>Another length; null where the network takes one only.</summary>
    public int? OtherFrames
    {
        get
        {
            int other = Math.Min(Frames + 13, _limits.Most);
            return other > Frames ? other : Frames > _limits.Least ? Frames - 1 : null;
        }
    }

    /// <summary>The nearest number of frames that the network takes.</summary>
    public int Clamp(int frames) => Math.Clamp(frames, _limits.Least, _limits.Most);

    /// <summary>The network.</summary>
    public INetworkProbe Probe => probe;

    /// <summary>A mel of the network's bands.</summary>
    public float[] MakeMel(int frames, int seed = 1) => ProbeMel.Make(inputs.MelCount, frames, seed);

    /// <summary>All outputs for a mel of so many frames.</summary>
    /// <exception cref="TrtVocoderException">The network cannot run it.</exception>
    public IReadOnlyList<TensorValues> Get(int frames)
    {
        if (!_runs.TryGetValue(frames, out IReadOnlyList<TensorValues>? outputs))
            _runs.Add(frames, outputs = Run(MakeMel(frames), frames));
        return outputs;
    }

    /// <summary>All outputs for one mel [n_mels, frames], which all items of the run are.</summary>
    /// <exception cref="TrtVocoderException">The network cannot run it.</exception>
    public IReadOnlyList<TensorValues> Run(float[] mel, int frames)
    {
        int batch = probe.LeastBatch;
        float[] item = mel;
        if (inputs.IsFrameMajor)
        {
            item = new float[mel.Length];
            for (int band = 0; band < inputs.MelCount; band++)
                for (int frame = 0; frame < frames; frame++)
                    item[(frame * inputs.MelCount) + band] = mel[(band * frames) + frame];
        }
        float[] items = new float[batch * item.Length];
        for (int i = 0; i < batch; i++)
            item.CopyTo(items, i * item.Length);
        List<TensorValues> values = [new TensorValues(inputs.Mel.Name, inputs.ShapeFor(batch, frames), items)];
        foreach (ExtraInput extra in inputs.Extras)
        {
            long[] shape = extra.ShapeFor(batch, frames);
            float[] constant = new float[shape.Aggregate(1L, (count, size) => count * size)];
            Array.Fill(constant, extra.ValueFor(frames));
            values.Add(new TensorValues(extra.Tensor.Name, shape, constant));
        }
        return probe.Run(values, frames);
    }
}
