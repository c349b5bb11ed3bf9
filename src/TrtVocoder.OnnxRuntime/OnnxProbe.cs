using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>Asks a session what its file does not say.</summary>
internal sealed class OnnxProbe(string source, InferenceSession session, TensorShape? mel) : INetworkProbe
{
    // Enough for every receptive field that is asked for, and soon computed.
    private const int EnoughFrames = 4096;

    /// <inheritdoc/>
    public int LeastBatch => mel?.Dimensions[0] is > 0 and var batch ? (int)batch : 1;

    /// <inheritdoc/>
    public (int Least, int Most) GetFrames(int axis) =>
        mel?.Dimensions[axis] is > 0 and var frames ? ((int)frames, (int)frames) : (1, EnoughFrames);

    /// <inheritdoc/>
    public IReadOnlyList<TensorValues> Run(IReadOnlyList<TensorValues> inputs, int frames)
    {
        using RunOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        Dictionary<string, OrtValue> tensors = [];
        try
        {
            foreach (TensorValues input in inputs)
                tensors.Add(input.Name, CreateTensor(session.InputMetadata[input.Name].ElementDataType, [.. input.Shape], input.Values));
            string[] outputs = [.. session.OutputNames.Where(name => CanRead(session.OutputMetadata[name]))];
            using IDisposableReadOnlyCollection<OrtValue> values = session.Run(options, tensors, outputs);
            return [.. outputs.Select((name, index) => Read(name, values[index]))];
        }
        catch (OnnxRuntimeException error)
        {
            throw new DataFormatException(
                $"{source}: ONNX Runtime could not run it on {frames} frames: {OnnxRuntimeMessage.Reason(error.Message)}", error);
        }
        finally
        {
            foreach (OrtValue tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    /// <summary>The tensor of an input beside the mel.</summary>
    public static OrtValue CreateTensor(TensorElementType type, ExtraInput input, int batch, int frames)
    {
        long[] shape = input.ShapeFor(batch, frames);
        float[] values = new float[shape.Aggregate(1L, (count, size) => count * size)];
        Array.Fill(values, input.ValueFor(frames));
        return CreateTensor(type, shape, values);
    }

    private static bool CanRead(NodeMetadata output) => output is
    {
        IsTensor: true,
        ElementDataType: TensorElementType.Float or TensorElementType.Float16 or TensorElementType.Double or TensorElementType.Int16,
    };

    private static OrtValue CreateTensor(TensorElementType type, long[] shape, float[] values)
    {
        return type switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(values, shape),
            TensorElementType.Float16 => OrtValue.CreateTensorValueFromMemory(Convert(value => (Float16)value), shape),
            TensorElementType.Double => OrtValue.CreateTensorValueFromMemory(Convert(value => (double)value), shape),
            TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory(Convert(value => (long)value), shape),
            TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory(Convert(value => (int)value), shape),
            TensorElementType.Bool => OrtValue.CreateTensorValueFromMemory(Convert(value => value != 0), shape),
            _ => throw new DataFormatException($"A tensor of {type} cannot be fed; expected float16, float32, float64, int32 or int64."),
        };

        T[] Convert<T>(Converter<float, T> convert) => Array.ConvertAll(values, convert);
    }

    private static TensorValues Read(string name, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        float[] values = new float[info.ElementCount];
        switch (info.ElementDataType)
        {
            case TensorElementType.Float:
                value.GetTensorDataAsSpan<float>().CopyTo(values);
                break;
            case TensorElementType.Double:
                TensorConversion.ToSingle(value.GetTensorDataAsSpan<double>(), values);
                break;
            case TensorElementType.Int16:
                TensorConversion.ToSingle(value.GetTensorDataAsSpan<short>(), values);
                break;
            default:
                ReadOnlySpan<Float16> halves = value.GetTensorDataAsSpan<Float16>();
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)halves[i];
                break;
        }
        return new TensorValues(name, info.Shape, values);
    }
}
