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

    [TestCase("vocos.models.VocosBackbone", "vocos.models.VocosResNetBackbone", "VocosResNetBackbone', which cannot be used; supported is 'vocos.models.VocosBackbone'")]
    [TestCase("vocos.heads.ISTFTHead", "vocos.heads.IMDCTCosHead", "IMDCTCosHead', which cannot be used; supported is 'vocos.heads.ISTFTHead'")]
    [TestCase("input_channels: 3", "input_channels: 80", "backbone.input_channels is 80, feature_extractor.n_mels is 3; they must be equal")]
    [TestCase("dim: 4\n    n_fft", "dim: 5\n    n_fft", "head.dim is 5, backbone.dim is 4")]
    [TestCase("dim: 4\n    n_fft: 8", "dim: 4\n    n_fft: 16", "head.n_fft is 16, feature_extractor.n_fft is 8")]
    [TestCase("hop_length: 2\n    n_mels", "hop_length: 4\n    n_mels", "head.hop_length is 2, feature_extractor.hop_length is 4")]
    [TestCase("n_mels: 3\n    padding: center", "n_mels: 3\n    padding: valid", "padding is 'valid', expected 'center' or 'same'")]
    [TestCase("num_layers: 1", "num_layers: 1\n    kernel_size: 9", "kernel_size is 9; only convolutions over 7 frames")]
    [TestCase("num_layers: 1", "num_layers: 1\n    grn: true", "not known here: 'grn'")]
    [TestCase("hop_length: 2\n    padding: center\n", "hop_length: 2\n    win_length: 6\n", "head.win_length is 6, n_fft 8")]
    [TestCase("num_layers: 1", "num_layers: 0", "num_layers is '0', expected a whole number from 1")]
    [TestCase("num_layers: 1", "num_layers: [1]", "num_layers is not a single value")]
    [TestCase("num_layers: 1", "", "num_layers is missing")]
    [TestCase("dim: 4\n    intermediate_dim: 6", "dim: 4000000000\n    intermediate_dim: 6", "dim is '4000000000'")]
    [TestCase("sample_rate: 8000", "sample_rate: 2147483648", "sample_rate is '2147483648', expected a whole number from 1000 to 1000000")]
    [TestCase("n_fft: 8\n    hop_length: 2\n    n_mels", "n_fft: 1073741824\n    hop_length: 2\n    n_mels", "n_fft is '1073741824'")]
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

    [TestCase("n_mels: 3", "n_mels: 3\n    mel_scale: bark", "mel_scale is 'bark'")]
    [TestCase("n_mels: 3", "n_mels: 3\n    f_min: 3000\n    f_max: 2000\n    norm: area", "norm is 'area', f_min is 3000 and f_max 2000")]
    [TestCase("n_mels: 3", "n_mels: 3\n    power: 2", "holds what is not known here (power)")]
    [TestCase("vocos.feature_extractors.MelSpectrogramFeatures", "matcha.Features", "'matcha.Features', which is not known here")]
    [TestCase("n_mels: 3\n    padding: center", "n_mels: 3\n    padding: same", "feature_extractor.padding is same, head.padding center")]
    public void What_only_the_making_of_mels_depends_on_is_noted_not_refused(string from, string to, string note)
    {
        List<string> notes = [];
        VocosConfig config = VocosConfigReader.Parse(Valid.Replace(from, to, StringComparison.Ordinal), "config.yaml", notes);
        Assert.That(config, Is.EqualTo(RandomCheckpoint.Smallest));
        Assert.That(notes, Has.One.Contains(note));
    }

    [Test]
    public void Where_mel_bands_lie_is_read_and_written()
    {
        List<string> notes = [];
        VocosConfig config = VocosConfigReader.Parse(
            Valid.Replace("n_mels: 3", "n_mels: 3\n    f_min: 0\n    f_max: 3000\n    norm: slaney\n    mel_scale: slaney", StringComparison.Ordinal), "config.yaml", notes);
        Assert.That(config, Is.EqualTo(RandomCheckpoint.Smallest with { MelMaxFrequency = 3000, HasSlaneyNorm = true, HasSlaneyScale = true }));
        Assert.That(notes, Is.Empty);
        Assert.That(Parse(VocosConfigWriter.Write(config with { MelMinFrequency = 20 })), Is.EqualTo(config with { MelMinFrequency = 20 }));
    }

    [TestCase("vocos.models.VocosBackbone")]
    [TestCase("my_tts.vocoder.VocosBackbone")]
    public void A_class_is_told_by_its_own_name_not_by_its_package(string path) =>
        Assert.That(Parse(Valid.Replace("vocos.models.VocosBackbone", path, StringComparison.Ordinal)), Is.EqualTo(RandomCheckpoint.Smallest));

    [Test]
    public void Padding_left_out_is_upstreams_default_of_the_head()
    {
        List<string> notes = [];
        VocosConfig config = VocosConfigReader.Parse(Valid.Replace("\n    padding: center", "", StringComparison.Ordinal), "config.yaml", notes);
        Assert.That(config.Padding, Is.EqualTo(StftPadding.Same));
        Assert.That(notes, Has.One.Contains("decoding goes by the head's"));
    }

    [Test]
    public void The_config_that_training_writes_is_read_where_its_sections_lie()
    {
        string nested = "model:\n  class_path: vocos.experiment.VocosExp\n  init_args:\n" + string.Join('\n', Valid.Split('\n').Select(line => "    " + line));
        Assert.That(Parse(nested), Is.EqualTo(RandomCheckpoint.Smallest));
    }

    [Test]
    public void Features_that_are_no_mels_are_refused() =>
        Assert.That(
            () => Parse(Valid.Replace("vocos.feature_extractors.MelSpectrogramFeatures", "vocos.feature_extractors.EncodecFeatures", StringComparison.Ordinal).Replace("    n_mels: 3\n", "", StringComparison.Ordinal)),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("it is the decoder of a codec"));

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

    private static VocosConfig Parse(string text) => VocosConfigReader.Parse(text, "config.yaml", []);
}
