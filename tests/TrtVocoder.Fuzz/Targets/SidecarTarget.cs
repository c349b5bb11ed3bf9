using System.Text;
using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>An engine's sidecar, and what <c>info</c> and a load make of it.</summary>
internal sealed class SidecarTarget : FuzzTarget
{
    public override string Name => "sidecar";

    public override double Weight => 2;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        """
        {"format_version": 1, "runtime": "TensorRT", "runtime_version": "10.3.0", "gpu": "Orin", "compute_capability": "8.7", "engine_bytes": 1130060, "onnx": "a.onnx",
        "onnx_sha256": "ab", "profiles": [{"min_batch": 1, "opt_batch": 1, "max_batch": 1, "min_frames": 1, "opt_frames": 64, "max_frames": 512}],
        "settings": {"fp16": "yes", "profile": "x"}, "metadata": {"trtvocoder.sample_rate": "24000", "trtvocoder.n_fft": "1024", "trtvocoder.hop_length": "256",
        "trtvocoder.n_mels": "100", "trtvocoder.padding": "center", "trtvocoder.layout": "bins-major", "trtvocoder.signal": "spectrum", "trtvocoder.mel_floor": "1E-07",
        "trtvocoder.precision": "fp32", "trtvocoder.model_hash": ""}}
        """u8.ToArray(),
        """
        {"format_version": 1, "runtime": "TensorRT", "runtime_version": "10.3.0", "gpu": "", "compute_capability": "", "engine_bytes": 5, "onnx": "a.onnx", "onnx_sha256": "ab",
        "profiles": [], "settings": {}, "metadata": {}, "form": "shift", "refusals": [{"form": "conv", "words": "no"}],
        "verification": {"signal_to_noise_db": 60.5, "batch": 1, "frames": 64, "reference": "ONNX Runtime", "note": ""}}
        """u8.ToArray(),
    ];

    public override byte[] Mutate(Random random, byte[] seed) => Encoding.UTF8.GetBytes(JsonMutator.Mutate(random, Encoding.UTF8.GetString(seed)));

    public override void Run(byte[] input)
    {
        EngineSidecar sidecar = EngineSidecar.Parse(input, "x.engine.json");
        foreach (TrtOptimizationProfile profile in sidecar.Profiles)
            _ = profile.ToString();
        foreach ((string name, string value) in sidecar.Settings)
            _ = name.Length + value.Length;
        _ = sidecar.Form.Length + sidecar.Refusals.Sum(refusal => refusal.Form.Length + refusal.Words.Length) + sidecar.Verification?.Reference.Length + sidecar.Verification?.Note.Length;
        _ = new ModelHints().With(sidecar.Metadata, "x.engine");
        if (sidecar.GetMetadata("x.engine") is { } metadata)
            ModelUse.Try(metadata);
    }
}
