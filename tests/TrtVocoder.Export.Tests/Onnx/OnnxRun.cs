using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>Runs a model in ONNX Runtime on the CPU.</summary>
internal static class OnnxRun
{
    /// <summary>Output name → shape and values.</summary>
    public static Dictionary<string, (int[] Shape, float[] Values)> Run(byte[] model, params (string Name, int[] Shape, float[] Values)[] inputs)
    {
        using SessionOptions options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using InferenceSession session = new(model, options);
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = session.Run(
            [.. inputs.Select(input => NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<float>(input.Values, input.Shape)))]);
        return results.ToDictionary(
            result => result.Name,
            result => (result.AsTensor<float>().Dimensions.ToArray(), result.AsTensor<float>().ToArray()));
    }

    /// <summary>Mean squared error relative to the mean square of what is expected.</summary>
    public static double RelativeError(IEnumerable<float> actual, IReadOnlyCollection<float> expected)
    {
        double error = actual.Zip(expected, (a, e) => ((double)a - e) * ((double)a - e)).Sum();
        return error / expected.Sum(e => (double)e * e);
    }

    /// <summary>[items, rows, columns] → [items, columns, rows].</summary>
    public static float[] Transposed(float[] values, int items, int rows, int columns)
    {
        float[] result = new float[values.Length];
        for (int item = 0; item < items; item++)
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                    result[(((item * columns) + column) * rows) + row] = values[(((item * rows) + row) * columns) + column];
        return result;
    }
}
