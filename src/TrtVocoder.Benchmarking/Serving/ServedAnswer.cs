using System.Globalization;
using System.Text.Json;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>The answer to an inference: JSON that describes the tensors, then their bytes (KServe's binary tensor data extension).</summary>
internal static class ServedAnswer
{
    private const int SampleBytes = sizeof(float);

    /// <summary>Finds the waveform in an answer.</summary>
    /// <param name="body">The whole body.</param>
    /// <param name="headerLength">Bytes of JSON before the tensors, as the HTTP header says; null where there was no such header.</param>
    /// <param name="model">What was asked.</param>
    /// <returns>The waveforms of all mels, one behind the other, as little-endian floats.</returns>
    /// <exception cref="ServerException">It is no such answer.</exception>
    public static ReadOnlyMemory<byte> Parse(ReadOnlyMemory<byte> body, long? headerLength, ServedModel model)
    {
        const string Source = "The server's answer";
        if (headerLength is not { } length)
            throw ServerException.Unreadable(
                $"{Source} has no header Inference-Header-Content-Length: the server must know the extension binary_tensor_data.");
        if (length < 0 || length > body.Length)
            throw ServerException.Unreadable(string.Create(
                CultureInfo.InvariantCulture, $"{Source} is of {body.Length} bytes, its header of {length}: it was cut off."));
        ReadOnlyMemory<byte> tensors = body[(int)length..];
        return ServerJson.Read(body[..(int)length], root =>
        {
            long begin = 0;
            foreach (JsonElement output in ServerJson.Member(root, "outputs").EnumerateArray())
            {
                long size = ServerJson.Member(ServerJson.Member(output, "parameters"), "binary_data_size").GetInt64();
                if (size < 0 || size > tensors.Length - begin)
                    throw ServerException.Unreadable($"{Source} has {tensors.Length - begin} bytes for a tensor of {size}: it was cut off.");
                if (ServerJson.Text(output, "name") == model.Output.Name)
                {
                    Check(output, size);
                    return tensors.Slice((int)begin, (int)size);
                }
                begin += size;
            }
            throw ServerException.Unreadable($"{Source} has no output '{PrintableText.Name(model.Output.Name)}'.");
        }, Source);

        static void Check(JsonElement output, long size)
        {
            string datatype = ServerJson.Text(output, "datatype");
            long[] shape = ServerJson.Shape(output);
            // Divided, not multiplied: a product may wrap.
            long rest = size / SampleBytes;
            foreach (long axis in shape)
                rest = axis > 0 && rest % axis == 0 ? rest / axis : -1;
            if (datatype != ServedModel.Datatype || size == 0 || size % SampleBytes != 0 || rest != 1)
                throw ServerException.Unreadable(
                    $"{Source} has {size} bytes for a waveform {PrintableText.Name(datatype)} [{string.Join(", ", shape)}].");
        }
    }
}
