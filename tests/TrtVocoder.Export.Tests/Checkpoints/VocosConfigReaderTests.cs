using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Checkpoints;

public sealed class VocosConfigReaderTests
{
    private static readonly string Valid = VocosConfigWriter.Write(RandomCheckpoint.Smallest);

    [Test]
    public void What_is_written_is_read() => Assert.That(Parse(Valid), Is.EqualTo(RandomCheckpoint.Smallest));

    [Test]
    public void Upstreams_defaults_fill_in_the_feature_extractor()
    {
        VocosConfig config = Parse("""
            feature_extractor: {class_path: vocos.feature_extractors.MelSpectrogramFeatures}
            backbone:
              class_path: vocos.models.VocosBackbone
              init_args: {input_channels: 100, dim: 512, intermediate_dim: 1536, num_layers: 8, layer_scale_init_value: null}
            head:
              class_path: vocos.heads.ISTFTHead
              init_args: {dim: 512, n_fft: 1024, hop_length: 256, padding: center}
            """);
        Assert.That(config, Is.EqualTo(RandomCheckpoint.FullSize));
    }

    [TestCase("0", true)]
    [TestCase("0.125", true)]
    [TestCase("~", true)]
    [TestCase("-1", false)]
    public void Only_a_negative_layer_scale_leaves_gamma_out(string value, bool expected) =>
        Assert.That(Parse(Valid.Replace("num_layers: 1", $"num_layers: 1\n    layer_scale_init_value: {value}", StringComparison.Ordinal)).HasLayerScale, Is.EqualTo(expected));

    [TestCase("vocos.feature_extractors.MelSpectrogramFeatures", "vocos.feature_extractors.EncodecFeatures", "EncodecFeatures', which cannot be used; supported is 'vocos.feature_extractors.MelSpectrogramFeatures'")]
    [TestCase("vocos.models.VocosBackbone", "vocos.models.VocosResNetBackbone", "VocosResNetBackbone', which cannot be used; supported is 'vocos.models.VocosBackbone'")]
    [TestCase("vocos.heads.ISTFTHead", "vocos.heads.IMDCTCosHead", "IMDCTCosHead', which cannot be used; supported is 'vocos.heads.ISTFTHead'")]
    [TestCase("input_channels: 3", "input_channels: 80", "backbone.input_channels is 80, feature_extractor.n_mels is 3; they must be equal")]
    [TestCase("dim: 4\n    n_fft", "dim: 5\n    n_fft", "head.dim is 5, backbone.dim is 4")]
    [TestCase("dim: 4\n    n_fft: 8", "dim: 4\n    n_fft: 16", "head.n_fft is 16, feature_extractor.n_fft is 8")]
    [TestCase("hop_length: 2\n    n_mels", "hop_length: 4\n    n_mels", "head.hop_length is 2, feature_extractor.hop_length is 4")]
    [TestCase("n_mels: 3\n    padding: center", "n_mels: 3\n    padding: same", "head.padding is center, feature_extractor.padding is same")]
    [TestCase("n_mels: 3\n    padding: center", "n_mels: 3\n    padding: valid", "padding is 'valid', expected 'center' or 'same'")]
    [TestCase("num_layers: 1", "num_layers: 1\n    adanorm_num_embeddings: 4", "conditioned on a bandwidth")]
    [TestCase("num_layers: 1", "num_layers: 1\n    kernel_size: 9", "not known here: 'kernel_size'")]
    [TestCase("num_layers: 1", "num_layers: 0", "num_layers is '0', expected a whole number from 1")]
    [TestCase("num_layers: 1", "num_layers: [1]", "num_layers is not a single value")]
    [TestCase("num_layers: 1", "", "num_layers is missing")]
    [TestCase("dim: 4\n    intermediate_dim: 6", "dim: 4000000000\n    intermediate_dim: 6", "dim is '4000000000'")]
    [TestCase("n_mels: 3", "n_mels: 3\n    mel_scale: slaney", "mel_scale is 'slaney'; supported is htk")]
    [TestCase("n_mels: 3", "n_mels: 3\n    f_max: 8000", "f_max is '8000'; supported is 4000")]
    [TestCase("n_mels: 3", "n_mels: 3\n    n_mels: 3", "'n_mels' occurs twice")]
    [TestCase("num_layers: 1", "num_layers: &x 1\n    x: *x", "anchors")]
    [TestCase("head:", "tail:", "no section 'head'")]
    [TestCase("head:", "head: {", "is not YAML (line")]
    public void A_config_of_another_model_or_at_odds_with_itself_is_refused_by_name(string from, string to, string message)
    {
        Assert.That(Valid, Does.Contain(from));
        Assert.That(
            () => Parse(Valid.Replace(from, to, StringComparison.Ordinal)),
            Throws.TypeOf<DataFormatException>().With.Message.Contains(message).And.Message.StartsWith("config.yaml"));
    }

    [TestCase(8, 3, "same")]
    [TestCase(7, 2, "center")]
    [TestCase(8, 9, "center")]
    public void A_transform_that_cannot_be_undone_is_refused(int fftLength, int hopLength, string padding)
    {
        string text = Valid.Replace("n_fft: 8", $"n_fft: {fftLength}", StringComparison.Ordinal)
            .Replace("hop_length: 2", $"hop_length: {hopLength}", StringComparison.Ordinal)
            .Replace("padding: center", $"padding: {padding}", StringComparison.Ordinal);
        Assert.That(() => Parse(text), Throws.TypeOf<DataFormatException>().With.Message.Contains("no transform that can be undone"));
    }

    [Test]
    public void Deep_nesting_is_refused_without_recursing_far() =>
        Assert.That(() => Parse("a: " + new string('[', 60_000)), Throws.TypeOf<DataFormatException>().With.Message.Contains("nested more than"));

    [Test]
    public void Both_paddings_are_known() =>
        Assert.That(Parse(Valid.Replace("padding: center", "padding: same", StringComparison.Ordinal)).Padding, Is.EqualTo(StftPadding.Same));

    private static VocosConfig Parse(string text) => VocosConfigReader.Parse(text, "config.yaml");
}
