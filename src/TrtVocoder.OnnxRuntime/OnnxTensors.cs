using Microsoft.ML.OnnxRuntime.Tensors;
using TrtVocoder.Decoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>What the decoders of a model must know of its tensors.</summary>
/// <param name="Source">The file's name for messages.</param>
/// <param name="Signature">Names, shapes and meanings.</param>
/// <param name="MelType">float32, float16 or float64.</param>
/// <param name="OutputTypes">The types of the outputs that are read, in the signature's order: those of the mel, or int16.</param>
/// <param name="ExtraTypes">The types of the inputs beside the mel.</param>
internal sealed record OnnxTensors(
    string Source, ModelSignature Signature, TensorElementType MelType, IReadOnlyList<TensorElementType> OutputTypes,
    IReadOnlyList<TensorElementType> ExtraTypes);
