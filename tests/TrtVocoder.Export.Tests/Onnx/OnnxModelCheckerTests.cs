using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>The checker must find what is broken on purpose, or its silence on our exports means nothing.</summary>
public sealed class OnnxModelCheckerTests
{
    private static readonly (string Name, Action<ModelProto> Break)[] Breakages =
    [
        ("an old opset", model => model.OpsetImport[0].Version = 17),
        ("no opset", model => model.OpsetImport.Clear()),
        ("an old IR version", model => model.IrVersion = 7),
        ("nodes out of order", model => (model.Graph.Node[0], model.Graph.Node[1]) = (model.Graph.Node[1], model.Graph.Node[0])),
        ("an undefined input", model => model.Graph.Node[3].Input[0] = "nowhere"),
        ("a value made twice", model => model.Graph.Node[3].Output[0] = model.Graph.Node[2].Output[0]),
        ("a node name twice", model => model.Graph.Node[3].Name = model.Graph.Node[2].Name),
        ("an unknown operator", model => model.Graph.Node[0].OpType = "Magic"),
        ("a foreign domain", model => model.Graph.Node[0].Domain = "com.example"),
        ("a constant cut short", model => model.Graph.Initializer[0].RawData = ByteString.CopyFrom(1, 2, 3, 4)),
        ("a constant of no type", model => model.Graph.Initializer[0].DataType = 0),
        ("an attribute of the wrong type", model => First(model, "Transpose").Attribute[0].Type = AttributeProto.Types.AttributeType.Int),
        ("an unknown attribute", model => First(model, "MatMul").Attribute.Add(OnnxAttributes.Integer("axis", 1))),
        ("a missing attribute", model => First(model, "Concat").Attribute.Clear()),
        ("a missing input", model => First(model, "MatMul").Input.RemoveAt(1)),
        ("an output that nothing makes", model => model.Graph.Output[0].Name = "nowhere"),
        ("an output without a type", model => model.Graph.Output[0].Type = null),
        ("a constant that nothing uses", model => First(model, "Gelu").Input[0] = "mel"),
    ];

    private static IEnumerable<string> BreakageNames => Breakages.Select(breakage => breakage.Name);

    [Test]
    public void A_sound_model_has_no_faults() => Assert.That(OnnxModelChecker.Check(Sound()), Is.Empty);

    [TestCaseSource(nameof(BreakageNames))]
    public void Finds(string name)
    {
        ModelProto model = Sound();
        Breakages.Single(breakage => breakage.Name == name).Break(model);
        Assert.That(OnnxModelChecker.Check(model), Is.Not.Empty);
    }

    private static ModelProto Sound() =>
        OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), new OnnxExportOptions { Signal = OutputKind.Waveform });

    private static NodeProto First(ModelProto model, string operation) => model.Graph.Node.First(node => node.OpType == operation);
}
