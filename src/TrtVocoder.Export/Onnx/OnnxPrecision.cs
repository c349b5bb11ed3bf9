namespace TrtVocoder.Export.Onnx;

/// <summary>The number format of an exported network's trunk; inputs and outputs are FP32 always.</summary>
public enum OnnxPrecision
{
    /// <summary>FP32 throughout.</summary>
    Fp32,

    /// <summary>
    /// FP16 blocks between an FP32 embedding and an FP32 head, with explicit casts (for TensorRT's strongly typed networks). The embedding
    /// stays FP32 because log mels around −12 have an FP16 spacing of 0.008; the head because it takes the cosine of phases whose FP16
    /// spacing is 0.0625 rad from 64 rad on.
    /// </summary>
    Fp16,
}
