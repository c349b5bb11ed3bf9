namespace TrtVocoder.Export.Onnx;

/// <summary>How the layers that mix frames are written. The results differ by rounding only.</summary>
public enum NetworkForm
{
    /// <summary>
    /// As shifted multiply-adds on [B, T, C]: no Conv node, nothing to transpose between the blocks. The fastest that TensorRT makes.
    /// </summary>
    Shift,

    /// <summary>
    /// As Conv nodes on [B, C, T], with transposes around them: for ONNX Runtime on a CPU, which decodes it faster, and for a builder that
    /// refuses the other form.
    /// </summary>
    Conv,
}
