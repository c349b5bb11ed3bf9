namespace TrtVocoder.TensorRt;

/// <summary>Which of NVIDIA's libraries made, and can load, an engine file.</summary>
public enum EngineFlavour
{
    /// <summary>TensorRT (<c>libnvinfer</c>).</summary>
    TensorRt,

    /// <summary>TensorRT-RTX (<c>libtensorrt_rtx</c>).</summary>
    TensorRtRtx,
}
