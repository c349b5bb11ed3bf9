using System.Text;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>config.yaml: values, lines and nests that are YAML still; JSON is YAML, too.</summary>
internal sealed class ConfigTarget : FuzzTarget
{
    public override string Name => "config";

    public override double Weight => 2;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Encoding.UTF8.GetBytes(VocosConfigWriter.Write(RandomCheckpoint.Smallest)),
        Encoding.UTF8.GetBytes(VocosConfigWriter.Write(RandomCheckpoint.FullSize)),
        Encoding.UTF8.GetBytes("model:\n  init_args:\n" + string.Join('\n', VocosConfigWriter.Write(RandomCheckpoint.FullSize).Split('\n').Select(line => "    " + line))),
        """{"feature_extractor":{"class_path":"a.B","init_args":{"n_mels":3}},"backbone":{"class_path":"c"},"head":{}}"""u8.ToArray(),
    ];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        // Nothing but a nest, as deep as a document may be long: within a config it would be an error of syntax before it is deep.
        if (random.Next(40) == 0)
            return Encoding.UTF8.GetBytes(Nest(random));
        List<string> lines = [.. Encoding.UTF8.GetString(seed).Split('\n')];
        for (int edits = ByteMutator.Count(random, 5); edits > 0; edits--)
        {
            int line = random.Next(lines.Count);
            int colon = lines[line].IndexOf(": ", StringComparison.Ordinal);
            string name = colon < 0 ? lines[line] : lines[line][..(colon + 2)];
            switch (random.Next(7))
            {
                case 0: lines.RemoveAt(line); break;
                case 1: lines.Insert(line, lines[random.Next(lines.Count)]); break;
                case 2: lines[line] = name + ByteMutator.Number(random).ToString(System.Globalization.CultureInfo.InvariantCulture); break;
                case 3: lines[line] = name + Value(random); break;
                case 4: lines[line] = new string(' ', random.Next(8)) + lines[line]; break;
                case 5: lines.Insert(line, string.Concat(Enumerable.Repeat(random.Next(4) switch { 0 => "[", 1 => "{a: ", 2 => "- ", _ => "? " }, ByteMutator.Count(random, random.Next(8) == 0 ? 60_000 : 40)))); break;
                default: lines[line] = lines[line].Replace("init_args", "class_path", StringComparison.Ordinal); break;
            }
            if (lines.Count == 0)
                lines.Add("");
        }
        return Encoding.UTF8.GetBytes(string.Join('\n', lines));
    }

    public override void Run(byte[] input)
    {
        List<string> notes = [];
        VocosConfig config = VocosConfigReader.Parse(Encoding.UTF8.GetString(input), "config.yaml", notes);
        ModelUse.Try(new VocoderMetadata
        {
            SampleRate = config.SampleRate,
            FftLength = config.FftLength,
            HopLength = config.HopLength,
            MelCount = config.MelCount,
            Padding = config.Padding,
        });
        _ = new StateDictCheck(config, "x");
        if (notes.Exists(note => PrintableText.Clean(note) != note))
            throw new InvalidOperationException("A note is not printable.");
    }

    private static string Nest(Random random)
    {
        const int MaxLength = 1 << 16;
        (string open, string close) = random.Next(4) switch { 0 => ("[", "]"), 1 => ("{a: ", "}"), 2 => ("- ", ""), _ => ("? ", "") };
        int depth = random.Next(1, (MaxLength / (open.Length + close.Length)) + 1);
        return string.Concat(Enumerable.Repeat(open, depth)) + (random.Next(2) == 0 ? "a" : "") + string.Concat(Enumerable.Repeat(close, depth));
    }

    private static string Value(Random random) => random.Next(9) switch
    {
        0 => "&a *a",
        1 => "!!binary aGVsbG8=",
        2 => "|\n      text",
        3 => "\"" + string.Concat(Enumerable.Repeat("\\x1b[2J", ByteMutator.Count(random, 2000))) + "\"",
        4 => ".nan",
        5 => "~",
        6 => new string('9', ByteMutator.Count(random, random.Next(8) == 0 ? 60_000 : 40)),
        7 => "'" + JsonMutator.Text(random).Replace("'", "''", StringComparison.Ordinal) + "'",
        _ => "[1, 2, {a: b}]",
    };
}
