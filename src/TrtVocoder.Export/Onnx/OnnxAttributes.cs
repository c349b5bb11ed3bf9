using TrtVocoder.Export.Onnx.Protos;
using AttributeType = TrtVocoder.Export.Onnx.Protos.AttributeProto.Types.AttributeType;

namespace TrtVocoder.Export.Onnx;

/// <summary>Makes node attributes.</summary>
internal static class OnnxAttributes
{
    public static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Number(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto Integers(string name, params IEnumerable<long> values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }
}
