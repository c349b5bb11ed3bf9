using System.Globalization;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Finds the Vocos among a state dict's tensors and gives them upstream's names: whatever prefix training and wrapping put before them, in
/// upstream's layout or in that of the transformers library. Networks of other kinds are refused by name.
/// </summary>
internal static class StateDictLayout
{
    private const string Embedding = "embed.weight";
    private const string Backbone = "backbone.";
    private const string Blocks = Backbone + "convnext.";
    private const string Head = "head.";
    private const int MaxListed = 4;

    // Parts of a name that PyTorch's wrappers of a module add (DataParallel, compile, FSDP, DeepSpeed).
    private static readonly string[] Wrappers = ["module", "_orig_mod", "_fsdp_wrapped_module", "_forward_module",
        "_checkpoint_wrapped_module"];

    // Copies of the weights that are not the network itself.
    private static readonly string[] Copies = ["ema", "ema_model", "shadow", "average", "teacher", "swa"];

    // Parts that only codecs and models of other kinds have, between the input and the backbone or inside it.
    private static readonly string[] CodecParts = ["pos_net", "prior_net", "post_net", "quantizer", "quantizers", "quantize", "vq", "rvq",
        "fsq", "codebook", "codebooks", "codec_encoder"];

    /// <summary>The network's tensors under upstream's names; others keep theirs, and are nobody's.</summary>
    /// <param name="entries">All tensors of the file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="bandwidthId">Which row of conditioned normalisations to take.</param>
    /// <param name="notes">Takes what a user should know, a sentence each.</param>
    /// <exception cref="DataFormatException">It is a network of another kind, or no bandwidth was chosen.</exception>
    public static IReadOnlyList<StateDictEntry> Resolve(
        IReadOnlyList<StateDictEntry> entries, string source, int? bandwidthId, ICollection<string> notes)
    {
        IReadOnlyList<StateDictEntry> named = [.. entries.Select(entry => entry with { Name = Unwrapped(entry.Name) })];
        if (FindNetwork(named, source, notes) is not { } network)
            return entries;
        RefuseCodec(named, network, source);
        List<StateDictEntry> renamed = [];
        foreach (StateDictEntry entry in named)
            renamed.Add(Rename(entry.Name, network) is { } name ? entry with { Name = name } : entry with { Name = "other." + entry.Name });
        RefuseOtherKinds(renamed, source);
        List<StateDictEntry> conditioned = Condition(renamed, source, bandwidthId, notes);
        if (conditioned.GroupBy(entry => entry.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new DataFormatException($"{source} holds two tensors for '{PrintableText.Name(twice.Key)}'; keep one of them.");
        return conditioned;
    }

    private static string Unwrapped(string name) =>
        string.Join('.', name.Split('.').Where(part => !Wrappers.Contains(part, StringComparer.Ordinal)));

    /// <summary>Where the backbone's names begin: that of an embedding beside which a list of ConvNeXt blocks stands.</summary>
    private static Network? FindNetwork(IReadOnlyList<StateDictEntry> entries, string source, ICollection<string> notes)
    {
        HashSet<string> names = new(entries.Select(entry => entry.Name), StringComparer.Ordinal);
        List<Network> found = [];
        foreach (string name in names)
        {
            if (name != Embedding && !name.EndsWith('.' + Embedding, StringComparison.Ordinal))
                continue;
            string stem = name[..^Embedding.Length];
            if (Array.Find(["convnext", "layers", "blocks"], list => names.Contains($"{stem}{list}.0.dwconv.weight")) is { } blocks)
                found.Add(new Network(stem, blocks));
        }
        if (found.Count == 0)
            return null;
        Network[] best = [.. found.OrderBy(network => Copies.Any(copy => network.Prefix.Split('.').Contains(copy)))
            .ThenBy(network => !names.Any(name => name.StartsWith(network.Prefix, StringComparison.Ordinal)
                && name.EndsWith("out.weight", StringComparison.Ordinal)))
            .ThenBy(network => network.Stem.Length).ThenBy(network => network.Stem, StringComparer.Ordinal)];
        if (best.Length > 1)
            notes.Add($"{source} holds {best.Length} networks, under "
                + $"{string.Join(", ", best.Take(MaxListed).Select(network => $"'{PrintableText.Name(network.Stem)}'"))}; the first is "
                    + $"taken.");
        return best[0];
    }

    /// <summary>A name in upstream's words; null for what is not the network's.</summary>
    private static string? Rename(string name, Network network)
    {
        if (name.StartsWith(network.Stem, StringComparison.Ordinal))
        {
            string rest = name[network.Stem.Length..];
            if (rest.StartsWith(network.Blocks + ".", StringComparison.Ordinal))
                return Blocks + rest[(network.Blocks.Length + 1)..].Replace(".layer_scale_parameter", ".gamma", StringComparison.Ordinal);
            if (network.HasBackbone || rest.StartsWith("embed.", StringComparison.Ordinal)
                || rest.StartsWith("norm.", StringComparison.Ordinal)
                || rest.StartsWith("final_layer_norm.", StringComparison.Ordinal))
                return Backbone + rest;
        }
        if (!name.StartsWith(network.Prefix, StringComparison.Ordinal))
            return null;
        string part = name[network.Prefix.Length..];
        foreach (string head in (ReadOnlySpan<string>)["head.", "decoder."])
        {
            if (!part.StartsWith(head, StringComparison.Ordinal))
                continue;
            string rest = part[head.Length..];
            return Head + (rest is "window" ? "istft.window"
                : rest.StartsWith("out_proj.", StringComparison.Ordinal) ? "out." + rest["out_proj.".Length..] : rest);
        }
        return part;
    }

    /// <summary>A decoder beside an encoder, or beside what quantises, is a codec's.</summary>
    private static void RefuseCodec(IReadOnlyList<StateDictEntry> entries, Network network, string source)
    {
        string[] path = network.Prefix.Split('.', StringSplitOptions.RemoveEmptyEntries);
        string around = path is [.., "decoder"] ? string.Concat(path[..^1].Select(part => part + ".")) : network.Prefix;
        StateDictEntry? codec = entries.FirstOrDefault(entry =>
        {
            if (!entry.Name.StartsWith(around, StringComparison.Ordinal))
                return false;
            string[] parts = entry.Name[around.Length..].Split('.');
            return path is [.., "decoder"] && parts[0] == "encoder"
                || (parts[0] != "feature_extractor" && parts.Any(part => CodecParts.Contains(part, StringComparer.Ordinal)));
        });
        if (codec is not null)
            throw new DataFormatException($"{source} is a neural codec or another network with a Vocos backbone (it holds "
                + $"'{PrintableText.Name(codec.Name)}'): its input is no mel, and it cannot be decoded here.");
    }

    private static void RefuseOtherKinds(List<StateDictEntry> entries, string source)
    {
        Dictionary<string, StateDictEntry> byName = new(StringComparer.Ordinal);
        foreach (StateDictEntry entry in entries)
            byName.TryAdd(entry.Name, entry);
        if (byName.GetValueOrDefault(Blocks + "0.dwconv.weight") is { Shape: [var channels, > 1, 1] } depthwise && channels > 1)
            throw new DataFormatException($"{source} holds weights for MLX, whose convolutions keep the channels last "
                + $"('{depthwise.Name}' is "
                + $"{FloatTensor.FormatShape(depthwise.Shape.AsSpan())}); these are not read here: use the checkpoint that they were "
                    + $"made of.");
        if (entries.Find(entry => entry.Name.Contains("imdct", StringComparison.OrdinalIgnoreCase)
            || entry.Name.StartsWith("head.mdct", StringComparison.Ordinal)) is { } mdct)
            throw new DataFormatException($"{source} ends in an inverse MDCT ('{PrintableText.Name(mdct.Name)}'), which is not decoded "
                + $"here: "
                + $"only heads with an inverse STFT are.");
        if (entries.Find(entry => entry.Name.Split('.')[0] is var part && (part.Contains("upsampl", StringComparison.OrdinalIgnoreCase)
            || (part.StartsWith("head_", StringComparison.Ordinal) && part != "head_"))) is { } upsampler)
            throw new DataFormatException($"{source} is a Vocos with an upsampler or a second head "
                + $"('{PrintableText.Name(upsampler.Name)}'), "
                + $"which is not decoded here; export its networks to ONNX by its own program.");
        if (byName.GetValueOrDefault("head.istft.window") is { Shape: [var window] }
            && byName.GetValueOrDefault("head.out.weight") is { Shape: [var rows, _] } && window != rows - 2)
            throw new DataFormatException($"{source} has a window of {window} samples ('head.istft.window') and an n_fft of {rows - 2}; "
                + $"only windows as long as n_fft are decoded here.");
        foreach (StateDictEntry entry in entries)
            if (entry.Name is Backbone + Embedding || (entry.Name.StartsWith(Blocks, StringComparison.Ordinal)
                && entry.Name.EndsWith(".dwconv.weight", StringComparison.Ordinal)))
                if (entry.Shape is [_, _, var taps] && taps != VocosConfig.KernelSize)
                    throw new DataFormatException($"{source}: '{PrintableText.Name(entry.Name)}' "
                        + $"{FloatTensor.FormatShape(entry.Shape.AsSpan())} is a convolution over "
                        + $"{taps} frames; only those over {VocosConfig.KernelSize}, as upstream's, are decoded here.");
    }

    /// <summary>AdaLayerNorm at a fixed bandwidth is an ordinary LayerNorm: scale and shift are rows of two tables.</summary>
    private static List<StateDictEntry> Condition(List<StateDictEntry> entries, string source, int? bandwidthId, ICollection<string> notes)
    {
        int? count = null;
        List<StateDictEntry> result = [];
        foreach (StateDictEntry entry in entries)
        {
            // Upstream: norm.scale.weight and norm.shift.weight; transformers: norm.weight and norm.bias, of two axes.
            string? name = !entry.Name.StartsWith(Backbone, StringComparison.Ordinal) || entry.Shape.Length != 2 ? null
                : entry.Name.EndsWith("norm.scale.weight", StringComparison.Ordinal) ? entry.Name[..^"scale.weight".Length] + "weight"
                : entry.Name.EndsWith("norm.shift.weight", StringComparison.Ordinal) ? entry.Name[..^"shift.weight".Length] + "bias"
                : entry.Name.EndsWith("norm.weight", StringComparison.Ordinal)
                    || entry.Name.EndsWith("norm.bias", StringComparison.Ordinal) ? entry.Name
                : null;
            if (name is null)
            {
                result.Add(entry);
                continue;
            }
            count ??= entry.Shape[0];
            if (entry.Shape[0] != count)
                throw new DataFormatException($"{source}: '{PrintableText.Name(entry.Name)}' is conditioned on {entry.Shape[0]} "
                    + $"bandwidths, others on {count}.");
            int row = bandwidthId ?? (count == 1 ? 0 : throw new DataFormatException(
                $"{source} is conditioned on one of {count} bandwidths, and none was chosen: 0 to {count - 1}{Bandwidths(count.Value)}.")
            {
                Kind = FailureKind.BandwidthUnknown,
            });
            if (row >= count)
                throw new DataFormatException($"{source} is conditioned on {count} bandwidths, and number {row} was chosen; they are 0 "
                    + $"to {count - 1}{Bandwidths(count.Value)}.");
            result.Add(entry.SelectRow(name, row));
        }
        // Codes of EnCodec make the input of both; vocos-encodec is conditioned on their number, codecs built on it are not.
        if (count is null && entries.Any(entry => entry.Name.StartsWith("feature_extractor.encodec.", StringComparison.Ordinal)))
            throw new DataFormatException($"{source} is the decoder of a neural codec (it holds 'feature_extractor.encodec'): its "
                + $"input is no "
                + $"mel, and it cannot be decoded here.");
        if (count is null && bandwidthId is not null)
            notes.Add($"{source} is not conditioned on a bandwidth; the one that was chosen does nothing.");
        if (count is not null)
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{source}: normalisations are fixed at bandwidth {bandwidthId ?? 0} of 0 to {count - 1}{Bandwidths(count.Value)}."));
        return result;
    }

    private static string Bandwidths(int count) => count == 4 ? " (of vocos-encodec-24khz 1.5, 3, 6 and 12 kbps)" : "";

    /// <param name="Stem">What stands before <c>embed.weight</c>.</param>
    /// <param name="Blocks">The name of the list of blocks.</param>
    private sealed record Network(string Stem, string Blocks)
    {
        public bool HasBackbone => Stem == Backbone || Stem.EndsWith('.' + Backbone, StringComparison.Ordinal);

        /// <summary>What stands before <c>backbone.</c> and <c>head.</c>.</summary>
        public string Prefix => HasBackbone ? Stem[..^Backbone.Length] : Stem;
    }
}
