namespace TrtVocoder.Export.Onnx;

/// <summary>How the convolutions over time are written. The results differ by rounding only.</summary>
public enum DepthwiseForm
{
    /// <summary>As Conv nodes on [B, C, T], with transposes around them.</summary>
    Conv,

    /// <summary>As shifted multiply-adds on [B, T, C]: no Conv node, nothing to transpose between the blocks.</summary>
    Shift,
}
