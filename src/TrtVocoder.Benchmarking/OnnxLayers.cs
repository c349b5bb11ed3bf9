using System.Text;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>Layers of an ONNX model by ONNX Runtime's own profiler: the nodes of the graph as it is run, after all rewriting.</summary>
internal static class OnnxLayers
{
    private const string KernelSuffix = "_kernel_time";

    /// <summary>Runs the network alone on one length.</summary>
    public static LayerReport Run(BenchModel model, Workload workload, int runs, BenchOptions options)
    {
        string folder = TemporaryFiles.CreateFolder();
        try
        {
            using SessionOptions sessionOptions = new()
            {
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
                IntraOpNumThreads = options.Vocoder.Threads,
                // Before EnableProfiling, which would otherwise begin a file in the current folder.
                ProfileOutputPathPrefix = Path.Combine(folder, "layers"),
                EnableProfiling = true,
            };
            using InferenceSession session = new(model.Path, sessionOptions);
            Execute(session, model, workload, runs + 1, options.Cancellation);
            using JsonDocument trace = JsonDocument.Parse(File.ReadAllBytes(session.EndProfiling()));
            return Read(trace.RootElement, session, runs);
        }
        // ONNX Runtime tells nobody that it could not write.
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
            throw new IOException(
                $"The times of the layers could not be written to the folder for temporary files, {Path.GetTempPath()}; "
                    + $"set TMPDIR to one with room.", error);
        }
        finally
        {
            TemporaryFiles.DeleteFolder(folder);
        }
    }

    private static void Execute(InferenceSession session, BenchModel model, Workload workload, int runs, CancellationToken cancellation)
    {
        int batch = Math.Min(workload.Batch, model.Vocoder.Info.MaxBatch);
        int frames = Math.Clamp(workload.Lengths[0], model.Vocoder.Info.MinFrames, model.Vocoder.Info.MaxFrames);
        float[] mel = BenchMel.Make(batch * model.Vocoder.MelCount * frames);
        string name = session.InputNames[0];
        long[] shape = [batch, model.Vocoder.MelCount, frames];
        using OrtValue input = session.InputMetadata[name].ElementDataType == TensorElementType.Float16
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(mel, value => (Float16)value), shape)
            : OrtValue.CreateTensorValueFromMemory(mel, shape);
        using RunOptions runOptions = new();
        for (int i = 0; i < runs; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Run(runOptions, [name], [input], session.OutputNames).Dispose();
        }
    }

    private static LayerReport Read(JsonElement trace, InferenceSession session, int runs)
    {
        Dictionary<string, List<double>> times = [];
        Dictionary<string, JsonElement> nodes = [];
        foreach (JsonElement entry in trace.EnumerateArray())
        {
            if (!entry.TryGetProperty("cat", out JsonElement category) || category.GetString() != "Node"
                || entry.GetProperty("name").GetString() is not { } name
                || !name.EndsWith(KernelSuffix, StringComparison.Ordinal))
                continue;
            // Fused nodes of one kind share a name.
            name = $"{name[..^KernelSuffix.Length]} [{entry.GetProperty("args").GetProperty("node_index").GetString()}]";
            // The first run warms up.
            if (nodes.TryAdd(name, entry.GetProperty("args")))
                times[name] = [];
            else
                times[name].Add(entry.GetProperty("dur").GetDouble() / 1000);
        }
        double all = times.Values.Sum(layer => layer.Sum());
        return new LayerReport(
            runs,
            [.. times.Select(layer => new LayerTimes(layer.Key, TimingStatistics.Of(layer.Value), layer.Value.Sum(), all > 0 ? 100 * layer.Value.Sum() / all : 0))],
            Describe(nodes, session));
    }

    private static string Describe(Dictionary<string, JsonElement> nodes, InferenceSession session)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("Layers");
            foreach ((string name, JsonElement node) in nodes)
            {
                writer.WriteStartObject();
                writer.WriteString("Name", name);
                writer.WriteString("LayerType", node.GetProperty("op_name").GetString());
                WriteTensors(writer, "Inputs", node, "input_type_shape");
                WriteTensors(writer, "Outputs", node, "output_type_shape");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartArray("Bindings");
            foreach (string name in session.InputNames.Concat(session.OutputNames))
                writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    // [{"float": [1, 100, 64]}, …] in ONNX Runtime's trace.
    private static void WriteTensors(Utf8JsonWriter writer, string name, JsonElement node, string member)
    {
        writer.WriteStartArray(name);
        if (node.TryGetProperty(member, out JsonElement tensors) && tensors.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonProperty tensor in tensors.EnumerateArray().SelectMany(each => each.EnumerateObject()))
            {
                writer.WriteStartObject();
                writer.WritePropertyName("Dimensions");
                tensor.Value.WriteTo(writer);
                writer.WriteString("Format/Datatype", tensor.Name);
                writer.WriteEndObject();
            }
        }
        writer.WriteEndArray();
    }
}
