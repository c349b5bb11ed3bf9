using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// How far a Vocos in our own form is from the file that its weights were read back of: both are run on the CPU. Safe for use by many
/// threads.
/// </summary>
public static class OnnxComparison
{
    private const int Frames = 64;

    /// <summary>Decodes one mel by both, and compares their spectra, or samples where the original puts out those.</summary>
    /// <param name="original">The .onnx file by others: real and imaginary parts, or magnitude, cosine and sine, or samples.</param>
    /// <param name="written">The bytes of the model that was made of it, with outputs <c>real</c> and <c>imag</c>, bins-major.</param>
    /// <param name="metadata">That model's.</param>
    /// <returns>The signal-to-noise ratio in dB; minus infinity where no outputs of the original are comparable.</returns>
    /// <exception cref="DataFormatException">ONNX Runtime cannot run the original.</exception>
    public static double Compare(string original, byte[] written, VocoderMetadata metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(original);
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(metadata);
        _ = OnnxLibrary.GetVersion();
        using SessionOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        try
        {
            using InferenceSession theirs = new(original, options);
            using InferenceSession ours = new(written, options);
            return Compare(theirs, ours, metadata);
        }
        catch (OnnxRuntimeException error)
        {
            throw new DataFormatException($"{original} cannot be run by ONNX Runtime: {OnnxRuntimeMessage.Reason(error.Message)}", error);
        }
    }

    private static double Compare(InferenceSession theirs, InferenceSession ours, VocoderMetadata metadata)
    {
        (string input, NodeMetadata shape) = theirs.InputMetadata.First(pair => pair.Value.Dimensions.Length == 3);
        bool isFrameMajor = shape.Dimensions[2] == metadata.MelCount && shape.Dimensions[1] != metadata.MelCount;
        int fixedFrames = shape.Dimensions[isFrameMajor ? 1 : 2];
        int frames = fixedFrames > 0 ? fixedFrames : Frames;
        Random random = new(5);
        float[] mel = [.. Enumerable.Range(0, metadata.MelCount * frames).Select(_ => (random.NextSingle() * 8) - 6)];
        List<float[]> expected = Run(theirs, input, isFrameMajor ? Transposed(mel, metadata.MelCount, frames) : mel,
            isFrameMajor ? [1, frames, metadata.MelCount] : [1, metadata.MelCount, frames]);
        List<float[]> spectrum = Run(ours, "mel", mel, [1, metadata.MelCount, frames]);
        return Best(expected, spectrum[0], spectrum[1], metadata, frames);
    }

    private static List<float[]> Run(InferenceSession session, string input, float[] mel, int[] shape)
    {
        List<NamedOnnxValue> inputs = [];
        foreach ((string name, NodeMetadata metadata) in session.InputMetadata)
        {
            // Other inputs have a value that means nothing here: numbers of an item, or of a bandwidth.
            int[] sizes = name == input ? shape : [.. metadata.Dimensions.Select(size => size > 0 ? size : 1)];
            int count = sizes.Aggregate(1, (product, size) => product * size);
            float[] values = name == input ? mel : [.. Enumerable.Repeat((float)shape[2], count)];
            inputs.Add(metadata.ElementDataType switch
            {
                TensorElementType.Float16 => NamedOnnxValue.CreateFromTensor(name,
                    new DenseTensor<Float16>(Array.ConvertAll(values, value => (Float16)value), sizes)),
                TensorElementType.Double => NamedOnnxValue.CreateFromTensor(name,
                    new DenseTensor<double>(Array.ConvertAll(values, value => (double)value), sizes)),
                TensorElementType.Int64 => NamedOnnxValue.CreateFromTensor(name,
                    new DenseTensor<long>(Array.ConvertAll(values, value => (long)value), sizes)),
                TensorElementType.Int32 => NamedOnnxValue.CreateFromTensor(name,
                    new DenseTensor<int>(Array.ConvertAll(values, value => (int)value), sizes)),
                _ => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<float>(values, sizes)),
            });
        }
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = session.Run(inputs);
        return [.. results.Select(result => result.ElementType switch
        {
            TensorElementType.Float => [.. result.AsEnumerable<float>()],
            TensorElementType.Float16 => [.. result.AsEnumerable<Float16>().Select(value => (float)value)],
            TensorElementType.Double => [.. result.AsEnumerable<double>().Select(value => (float)value)],
            _ => (float[])[],
        })];
    }

    /// <summary>
    /// Which output is which is told by what agrees best: real and imaginary parts, magnitude, cosine and sine, or samples.
    /// </summary>
    private static double Best(List<float[]> outputs, float[] real, float[] imag, VocoderMetadata metadata, int frames)
    {
        double best = double.NegativeInfinity;
        int bins = metadata.Stft.BinCount;
        float[][] planes = [.. outputs.Where(output => output.Length == real.Length)];
        foreach (bool isTransposed in (bool[])[false, true])
        {
            float[] wantedReal = isTransposed ? Transposed(real, bins, frames) : real;
            float[] wantedImag = isTransposed ? Transposed(imag, bins, frames) : imag;
            foreach (float[] first in planes)
                foreach (float[] second in planes.Where(plane => plane != first))
                {
                    best = Math.Max(best, Ratio([.. first, .. second], [.. wantedReal, .. wantedImag]));
                    foreach (float[] third in planes.Where(plane => plane != first && plane != second))
                        best = Math.Max(best, Ratio([.. Product(first, second), .. Product(first, third)], [.. wantedReal, .. wantedImag]));
                }
        }
        if (planes.Length >= 2)
            return best;
        // The samples that both have; the last hop is another one where the network keeps more than are whole.
        using InverseStft inverse = new(metadata.Stft);
        float[] samples = new float[metadata.Stft.GetSampleCount(frames)];
        inverse.Inverse(new Spectrum(real, imag, SpectrumLayout.BinsMajor, bins, frames), samples);
        foreach (float[] audio in outputs.Where(output => output.Length >= samples.Length - metadata.FftLength
            && output.Length > metadata.HopLength))
        {
            int count = Math.Min(audio.Length, samples.Length) - metadata.HopLength;
            best = Math.Max(best, Ratio(audio[..count], samples[..count]));
        }
        return best;
    }

    private static double Ratio(float[] values, float[] expected)
    {
        double error = 0;
        double power = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += ((double)values[i] - expected[i]) * ((double)values[i] - expected[i]);
            power += (double)expected[i] * expected[i];
        }
        return 10 * Math.Log10(power / error);
    }

    private static float[] Product(float[] a, float[] b) => [.. a.Zip(b, (x, y) => x * y)];

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        float[] result = new float[values.Length];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                result[(column * rows) + row] = values[(row * columns) + column];
        return result;
    }
}
