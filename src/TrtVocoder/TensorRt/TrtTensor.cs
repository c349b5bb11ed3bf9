using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>An input or output of an engine.</summary>
public sealed class TrtTensor
{
    internal TrtTensor(string name, bool isInput, TrtDataType dataType, bool isOnHost, bool isLinear, string format, IReadOnlyList<long> dimensions)
    {
        Name = name;
        IsInput = isInput;
        DataType = dataType;
        IsOnHost = isOnHost;
        IsLinear = isLinear;
        Format = format;
        Dimensions = dimensions;
        Utf8Name = new Utf8Name(name);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Input or output.</summary>
    public bool IsInput { get; }

    /// <summary>What its elements are.</summary>
    public TrtDataType DataType { get; }

    /// <summary>Whether it lies in host memory (shape tensors).</summary>
    public bool IsOnHost { get; }

    /// <summary>Whether it is row-major and contiguous, the only form that this library reads and writes.</summary>
    public bool IsLinear { get; }

    /// <summary>Its form in TensorRT's words.</summary>
    public string Format { get; }

    /// <summary>Its dimensions; −1 where dynamic.</summary>
    public IReadOnlyList<long> Dimensions { get; }

    internal Utf8Name Utf8Name { get; }

    /// <summary>Name, shape and type for messages: <c>'mel' [?, 100, ?] Float</c>.</summary>
    public override string ToString() => $"{new TensorShape(Name, Dimensions)} {DataType}";
}
