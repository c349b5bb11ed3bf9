namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Emits the two layers that mix frames, both with a kernel of 7 frames: with 3 frames of zero padding at both ends, or, in a network with
/// state, of T + 6 frames to T.
/// </summary>
internal interface ITemporalConvolution
{
    /// <summary>mel [B, n_mels, T] → hidden [B, T, C], in FP32: <c>backbone.embed</c>.</summary>
    string Embed(string mel);

    /// <summary>
    /// hidden [B, T, C] → [B, T, C], each channel for itself, in the trunk's type: <c>backbone.convnext.{block}.dwconv</c>.
    /// </summary>
    string Depthwise(int block, string hidden);
}
