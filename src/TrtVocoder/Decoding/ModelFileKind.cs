namespace TrtVocoder.Decoding;

/// <summary>What kind of model a file holds, by its content.</summary>
public enum ModelFileKind
{
    /// <summary>An ONNX model, run by TrtVocoder.OnnxRuntime on the CPU.</summary>
    Onnx,

    /// <summary>A serialised TensorRT or TensorRT-RTX engine ("plan").</summary>
    Engine,
}
