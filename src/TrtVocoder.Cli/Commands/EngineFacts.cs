using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary>
/// What <c>info</c> says of an engine: its plan header and sidecar everywhere, and what is inside where it can be loaded.
/// </summary>
internal static class EngineFacts
{
    public static List<(string Name, object Value)> Describe(
        string path, bool withLayers, bool isAsked, VocoderOptions options, CommandOutput output)
    {
        EnginePlanHeader header = EnginePlanHeader.Read(path);
        EngineSidecar? sidecar = EngineSidecar.TryRead(path);
        List<(string Name, object Value)> facts =
        [
            ("kind", $"{TensorRtFamily.NameOf(header.Flavour)} engine"),
            ("bytes", new FileInfo(path).Length),
            ("built by", header.Maker),
        ];
        if (sidecar is null)
            output.Note($"There is no {EngineSidecar.PathFor(path)}: the audio parameters are inferred from the shapes when the engine "
                + $"runs.");
        else
            AddSidecar(facts, sidecar, path);
        try
        {
            using TensorRtLibrary library = TensorRtLibrary.Load(header.Flavour, header.Version.Major);
            using TrtRuntime runtime = TrtRuntime.Create(library, options.Engine.Device, options.Engine.AllowHostCode);
            using TrtEngine engine = runtime.Load(path);
            facts.Add(("loads here", true));
            facts.Add(("runs on", $"{library.DisplayName}, {runtime.Context.Device}"));
            AddInside(facts, engine, withLayers);
            if (isAsked || sidecar is not { Metadata.Count: > 0 })
                AddForm(facts, path, isAsked, options, output);
        }
        catch (TrtVocoderException error) when (error is NativeLibraryException or CudaException or TensorRtException)
        {
            facts.Add(("loads here", false));
            output.Note($"Only the plan's header {(sidecar is null ? "was" : "and the sidecar were")} read, because the engine cannot be "
                + $"loaded here: {Failure.Of(error).Sentence}");
        }
        return facts;
    }

    // What a bare engine is: told by its tensors, by hints, and by what it answers.
    private static void AddForm(
        List<(string Name, object Value)> facts, string path, bool isAsked, VocoderOptions options, CommandOutput output)
    {
        using Vocoder vocoder = ModelSource.Load(path, options, output);
        if (facts.All(fact => fact.Name != "sample rate"))
            InfoCommand.AddMetadata(facts, vocoder.Metadata);
        if (InfoCommand.AddForm(facts, vocoder, isAsked) is not { } answers)
            return;
        EngineSidecar.WriteAnswers(
            path, answers, ((TrtDecoderModel)vocoder.Model).Profile);
        output.Note($"The answers are kept in {EngineSidecar.PathFor(path)}.");
    }

    private static void AddSidecar(List<(string Name, object Value)> facts, EngineSidecar sidecar, string path)
    {
        if (sidecar.Gpu.Length > 0)
            facts.Add(("built on", $"{sidecar.Gpu} (compute capability {sidecar.ComputeCapability})"));
        facts.Add(("onnx", sidecar.Onnx));
        facts.Add(("onnx sha256", sidecar.OnnxSha256));
        JsonObject settings = [];
        foreach ((string name, string value) in sidecar.Settings)
            settings.Add(name, value);
        facts.Add(
            ("settings", new StructuredFact(string.Join(", ", sidecar.Settings.Select(pair => $"{pair.Key}={pair.Value}")), settings)));
        if (sidecar.Form.Length > 0)
            facts.Add(("form", sidecar.Form));
        if (sidecar.Verification?.SignalToNoiseDb is { } decibels)
            facts.Add(("signal to noise", new StructuredFact(
                string.Create(CultureInfo.InvariantCulture, $"{decibels:0.0} dB against the network by {sidecar.Verification.Reference}"),
                JsonValue.Create(decibels))));
        facts.Add(("profiles", new StructuredFact(
            string.Join('\n', sidecar.Profiles),
            new JsonArray([.. sidecar.Profiles.Select(profile => (JsonNode)JsonValue.Create(profile.ToString())!)]))));
        if (sidecar.GetMetadata(path) is { } metadata)
            InfoCommand.AddMetadata(facts, metadata);
    }

    private static void AddInside(List<(string Name, object Value)> facts, TrtEngine engine, bool withLayers)
    {
        facts.Add(("tensors", new StructuredFact(
            string.Join('\n', engine.Tensors.Select(tensor =>
                $"{(tensor.IsInput ? "in " : "out")} {tensor}{(tensor.IsLinear ? "" : ", " + tensor.Format)}")),
            new JsonArray([.. engine.Tensors.Select(Write)]))));
        List<string> lines = [];
        JsonArray shapes = [];
        foreach (TrtTensor input in engine.Tensors.Where(tensor => tensor.IsInput))
        {
            for (int profile = 0; profile < engine.ProfileCount; profile++)
            {
                (IReadOnlyList<long> min, IReadOnlyList<long> opt, IReadOnlyList<long> max) = engine.GetProfileShape(input, profile);
                lines.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{profile}: '{input.Name}' {Text(min)} to {Text(max)}, tuned for {Text(opt)}"));
                shapes.Add((JsonNode)new JsonObject { ["profile"] = profile, ["tensor"] = input.Name, ["min"] = Write(min), ["opt"] = Write(opt), ["max"] = Write(max) });
            }
        }
        facts.Add(("profile shapes", new StructuredFact(string.Join('\n', lines), shapes)));
        facts.Add(("context bytes", engine.DeviceMemoryBytes));
        facts.Add(("layers", engine.LayerCount));
        if (withLayers)
            AddLayers(facts, engine.DescribeLayers());
    }

    // The inspector's own JSON: "Layers" holds names, or objects with "Name" where the engine was built with detailed verbosity.
    private static void AddLayers(List<(string Name, object Value)> facts, string json)
    {
        JsonNode layers;
        try
        {
            layers = JsonNode.Parse(json)?["Layers"]?.DeepClone() ?? new JsonArray();
        }
        catch (JsonException)
        {
            layers = new JsonArray();
        }
        IEnumerable<string> names = layers.AsArray().Select(
            layer => layer is JsonObject detailed ? (string?)detailed["Name"] ?? "" : layer?.ToString() ?? "");
        facts.Add(("layer list", new StructuredFact(string.Join('\n', names), layers)));
    }

    private static JsonNode Write(TrtTensor tensor) => new JsonObject
    {
        ["name"] = tensor.Name,
        ["mode"] = tensor.IsInput ? "input" : "output",
        ["dataType"] = tensor.DataType.ToString(),
        ["shape"] = Write(tensor.Dimensions),
        ["format"] = tensor.Format,
    };

    private static JsonArray Write(IReadOnlyList<long> sizes) => new([.. sizes.Select(size => (JsonNode)JsonValue.Create(size))]);

    private static string Text(IReadOnlyList<long> sizes) => $"[{string.Join(", ", sizes)}]";
}
