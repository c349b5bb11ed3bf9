using Google.Protobuf;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Engines for the simulated GPU, built once a process from the golden checkpoints.</summary>
internal static class TestEngines
{
    // ONNX's numbers of element types.
    private const int Float32 = 1;
    private const int Float16 = 10;

    private static readonly string Folder = Directory.CreateTempSubdirectory("trtvocoder-engines").FullName;
    private static readonly Dictionary<string, string> Built = [];

    static TestEngines() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>A profile that takes every golden vector.</summary>
    public static TrtOptimizationProfile Profile { get; } = new(1, 1, 3, 1, 27, 64);

    /// <summary>The smallest model whose samples the GPU's kernel makes: for what is done hundreds of times, and is not about its values.</summary>
    public static VocosConfig SmallestConfig { get; } =
        RandomCheckpoint.Smallest with { FftLength = 128, HopLength = 32, MelCount = 10, Dim = 16, IntermediateDim = 24 };

    /// <summary>Its engine, with its sidecar.</summary>
    public static string SmallestEngine()
    {
        const string Key = "smallest";
        if (!Built.TryGetValue(Key, out string? path))
        {
            string onnx = Path.Combine(Folder, $"{Key}.onnx");
            OnnxExporter.Export(RandomCheckpoint.Create(SmallestConfig), onnx);
            path = Path.Combine(Folder, $"{Built.Count}.engine");
            TrtBuilder.Build(onnx, path, new TrtBuildOptions { Profile = Profile });
            Built.Add(Key, path);
        }
        return path;
    }

    /// <summary>The ONNX file of a golden model.</summary>
    public static string Onnx(string model, OnnxExportOptions? options = null)
    {
        string path = Path.Combine(Folder, $"{model}-{Key(options)}.onnx");
        if (!File.Exists(path))
            OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", model)), path, options);
        return path;
    }

    /// <summary>The engine of a golden model, with its sidecar.</summary>
    public static string Engine(string model = "tiny-center", OnnxExportOptions? options = null, TrtOptimizationProfile? profile = null)
    {
        string key = $"{model}-{Key(options)}-{profile}";
        if (!Built.TryGetValue(key, out string? path))
        {
            path = Path.Combine(Folder, $"{Built.Count}.engine");
            TrtBuilder.Build(Onnx(model, options), path, new TrtBuildOptions { Profile = profile ?? Profile });
            Built.Add(key, path);
        }
        return path;
    }

    /// <summary>The same engine, but with a mel and outputs (or the first ones) of FP16 around the network's own FP32.</summary>
    public static string HalfEngine(string model, OnnxExportOptions? options = null, int halfOutputs = int.MaxValue)
    {
        string key = $"half-{model}-{Key(options)}-{halfOutputs}";
        if (!Built.TryGetValue(key, out string? path))
        {
            ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Onnx(model, options)));
            foreach (ValueInfoProto input in proto.Graph.Input)
            {
                foreach (NodeProto node in proto.Graph.Node)
                    Rename(node.Input, input.Name);
                proto.Graph.Node.Insert(0, Cast(input.Name, Inner(input.Name), Float32));
                input.Type.TensorType.ElemType = Float16;
            }
            foreach (ValueInfoProto output in proto.Graph.Output.Take(halfOutputs))
            {
                foreach (NodeProto node in proto.Graph.Node)
                {
                    Rename(node.Input, output.Name);
                    Rename(node.Output, output.Name);
                }
                proto.Graph.Node.Add(Cast(Inner(output.Name), output.Name, Float16));
                output.Type.TensorType.ElemType = Float16;
            }
            string onnx = Path.Combine(Folder, $"{key}.onnx");
            File.WriteAllBytes(onnx, proto.ToByteArray());
            path = Path.Combine(Folder, $"{Built.Count}.engine");
            TrtBuilder.Build(onnx, path, new TrtBuildOptions { Profile = Profile });
            Built.Add(key, path);
        }
        return path;

        static string Inner(string name) => name + "_fp32";

        static void Rename(IList<string> names, string name)
        {
            for (int i = 0; i < names.Count; i++)
                if (names[i] == name)
                    names[i] = Inner(name);
        }

        static NodeProto Cast(string from, string to, int type) => new()
        {
            OpType = "Cast",
            Name = $"cast_{to}",
            Input = { from },
            Output = { to },
            Attribute = { new AttributeProto { Name = "to", I = type, Type = AttributeProto.Types.AttributeType.Int } },
        };
    }

    /// <summary>
    /// The engine of a golden model's network as others export it: without metadata, all axes of the outputs symbolic, and changed by
    /// <paramref name="change"/>.
    /// </summary>
    public static string ForeignEngine(string model, string key, Action<GraphProto> change, TrtOptimizationProfile profile)
    {
        key = $"foreign-{model}-{key}-{profile}";
        if (!Built.TryGetValue(key, out string? path))
        {
            ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Onnx(model)));
            proto.MetadataProps.Clear();
            change(proto.Graph);
            foreach (ValueInfoProto output in proto.Graph.Output)
                foreach ((TensorShapeProto.Types.Dimension size, int axis) in output.Type.TensorType.Shape.Dim.Select((size, axis) => (size, axis)))
                    size.DimParam = $"{output.Name}_dim_{axis}";
            string onnx = Path.Combine(Folder, $"{Built.Count}-foreign.onnx");
            File.WriteAllBytes(onnx, proto.ToByteArray());
            path = Path.Combine(Folder, $"{Built.Count}.engine");
            TrtBuilder.Build(onnx, path, new TrtBuildOptions { Profile = profile });
            Built.Add(key, path);
        }
        return path;
    }

    /// <summary>Makes a graph put out magnitude, cosine and sine, under names given, in place of the parts made of them.</summary>
    public static void PutOutPolar(GraphProto graph, string magnitude, string cos, string sin)
    {
        NodeProto realSlice = graph.Node.Single(node => node.Output.Contains("real"));
        NodeProto imagSlice = graph.Node.Single(node => node.Output.Contains("imag"));
        NodeProto real = graph.Node.Single(node => node.Output.Contains(realSlice.Input[0]));
        NodeProto imag = graph.Node.Single(node => node.Output.Contains(imagSlice.Input[0]));
        ValueInfoProto shape = graph.Output[0];
        foreach (NodeProto node in (NodeProto[])[realSlice, imagSlice, real, imag])
            graph.Node.Remove(node);
        graph.Output.Clear();
        foreach ((string name, string plane) in ((string, string)[])[(magnitude, real.Input[0]), (cos, real.Input[1]), (sin, imag.Input[1])])
        {
            NodeProto slice = realSlice.Clone();
            slice.Name = $"slice_{name}";
            slice.Input[0] = plane;
            slice.Output[0] = name;
            graph.Node.Add(slice);
            ValueInfoProto output = shape.Clone();
            output.Name = name;
            graph.Output.Add(output);
        }
    }

    /// <summary>A copy of an engine, with or without its sidecar, that a test may spoil.</summary>
    public static string Copy(string engine, bool withSidecar)
    {
        string path = Path.Combine(Folder, $"copy-{Guid.NewGuid():N}.engine");
        File.Copy(engine, path);
        if (withSidecar)
            File.Copy(EngineSidecar.PathFor(engine), EngineSidecar.PathFor(path));
        return path;
    }

    private static string Key(OnnxExportOptions? options) => options is null ? "default" : $"{options.Precision}-{options.Form}-{options.Signal}-{options.Layout}-{options.Streaming}";
}
