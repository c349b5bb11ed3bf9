using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TrtVocoder.Baselines;

/// <summary>
/// Vocos in eager PyTorch, operation for operation as upstream's VocosBackbone and ISTFTHead (gemelo-ai/vocos), from the same weights
/// as the model it is compared with. The baseline, so nothing is folded or fused.
/// </summary>
internal sealed class TorchVocos : IDisposable
{
    private const double Epsilon = 1e-6;
    private readonly Dictionary<string, Tensor> _weights;
    private readonly VocosConfig _config;
    private readonly Tensor _window;

    public TorchVocos(VocosCheckpoint checkpoint)
    {
        _config = checkpoint.Config;
        _weights = checkpoint.Tensors.ToDictionary(
            pair => pair.Key,
            pair => tensor(pair.Value.Values.ToArray(), [.. pair.Value.Shape.Select(size => (long)size)]));
        _window = hann_window(_config.FftLength);
    }

    /// <summary>Mel [B, n_mels, T] to real and imaginary spectra [B, F, T].</summary>
    public (Tensor Real, Tensor Imag) Spectrum(Tensor mel)
    {
        using IDisposable noGrad = no_grad();
        Tensor hidden = functional.conv1d(mel, W("backbone.embed.weight"), W("backbone.embed.bias"), padding: 3);
        hidden = Normalize(hidden.transpose(1, 2), "backbone.norm").transpose(1, 2);
        for (int layer = 0; layer < _config.LayerCount; layer++)
            hidden = Block(hidden, $"backbone.convnext.{layer}.");
        hidden = Normalize(hidden.transpose(1, 2), "backbone.final_layer_norm");
        Tensor head = functional.linear(hidden, W("head.out.weight"), W("head.out.bias")).transpose(1, 2);
        Tensor[] halves = head.chunk(2, 1);
        Tensor magnitude = halves[0].exp().clamp_max(100);
        return (magnitude * halves[1].cos(), magnitude * halves[1].sin());
    }

    /// <summary>Mel [B, n_mels, T] to samples [B, (T − 1)·hop], by torch.istft with center padding.</summary>
    public Tensor Audio(Tensor mel)
    {
        (Tensor real, Tensor imag) = Spectrum(mel);
        return Istft(complex(real, imag));
    }

    /// <summary>torch.istft on a complex spectrum [B, F, T].</summary>
    public Tensor Istft(Tensor spectrum) =>
        istft(spectrum, _config.FftLength, _config.HopLength, _config.FftLength, _window, center: _config.Padding == StftPadding.Center);

    public void Dispose()
    {
        foreach (Tensor weight in _weights.Values)
            weight.Dispose();
        _window.Dispose();
    }

    private Tensor Block(Tensor hidden, string name)
    {
        Tensor inner = functional.conv1d(hidden, W(name + "dwconv.weight"), W(name + "dwconv.bias"), padding: 3, groups: _config.Dim);
        inner = Normalize(inner.transpose(1, 2), name + "norm");
        inner = functional.gelu(functional.linear(inner, W(name + "pwconv1.weight"), W(name + "pwconv1.bias")));
        inner = functional.linear(inner, W(name + "pwconv2.weight"), W(name + "pwconv2.bias"));
        if (_weights.TryGetValue(name + "gamma", out Tensor? gamma))
            inner = gamma * inner;
        return hidden + inner.transpose(1, 2);
    }

    private Tensor Normalize(Tensor input, string name) =>
        functional.layer_norm(input, [_config.Dim], W(name + ".weight"), W(name + ".bias"), Epsilon);

    private Tensor W(string key) => _weights[key];
}
