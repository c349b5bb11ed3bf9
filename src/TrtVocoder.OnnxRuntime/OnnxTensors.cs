using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>What the decoders of a model must know of its tensors.</summary>
/// <param name="Source">The file's name for messages.</param>
/// <param name="Signature">Names, shapes and meanings.</param>
/// <param name="MelType">float32 or float16.</param>
/// <param name="RealOrAudioType">float32 or float16.</param>
/// <param name="ImagType">float32 or float16; of no meaning where there are no imaginary parts.</param>
internal sealed record OnnxTensors(
    string Source, ModelSignature Signature, TensorElementType MelType, TensorElementType RealOrAudioType, TensorElementType ImagType);
