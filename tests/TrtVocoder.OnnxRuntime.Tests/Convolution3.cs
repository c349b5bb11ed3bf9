namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>A convolution of kernel 3 over time with zero padding, computed plainly.</summary>
internal sealed record Convolution3(int Inputs, int Outputs, float[] Weight, float[] Bias)
{
    public static Convolution3 Random(int inputs, int outputs, int seed)
    {
        Random random = new(seed);
        return new Convolution3(inputs, outputs, Values(inputs * outputs * 3), Values(outputs));

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 0.6f)];
    }

    /// <summary>[inputs, frames] → [outputs, frames].</summary>
    public float[] Apply(ReadOnlySpan<float> input, int frames)
    {
        float[] output = new float[Outputs * frames];
        for (int o = 0; o < Outputs; o++)
            for (int t = 0; t < frames; t++)
            {
                double sum = Bias[o];
                for (int i = 0; i < Inputs; i++)
                    for (int k = 0; k < 3; k++)
                        if (t + k - 1 >= 0 && t + k - 1 < frames)
                            sum += (double)Weight[(((o * Inputs) + i) * 3) + k] * input[(i * frames) + t + k - 1];
                output[(o * frames) + t] = (float)sum;
            }
        return output;
    }
}
