using System.Buffers.Binary;
using System.Text;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>A config and weights in one input: the config's length in four bytes, its text, the weights.</summary>
internal static class CheckpointInput
{
    public static byte[] Join(VocosConfig config, byte[] weights)
    {
        byte[] text = Encoding.UTF8.GetBytes(VocosConfigWriter.Write(config));
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [.. length, .. text, .. weights];
    }

    public static VocosCheckpoint Load(byte[] input, string source)
    {
        if (input.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(input) is var length && (length < 0 || length > input.Length - 4))
            throw new DataFormatException("no config");
        VocosConfig config = VocosConfigReader.Parse(Encoding.UTF8.GetString(input, 4, length), "config.yaml", []);
        return VocosCheckpoint.FromBytes(config, input[(4 + length)..], source);
    }

    /// <summary>Sizes of a model: mostly tiny, now and then those of a real one or larger.</summary>
    public static VocosConfig RandomConfig(Random random)
    {
        int most = random.Next(16) == 0 ? 2048 : 12;
        int hop = ByteMutator.Count(random, most / 2);
        return new VocosConfig
        {
            SampleRate = 24000,
            FftLength = 4 * hop,
            HopLength = hop,
            MelCount = ByteMutator.Count(random, Math.Min(most, 200)),
            Padding = random.Next(2) == 0 ? StftPadding.Center : StftPadding.Same,
            Dim = ByteMutator.Count(random, most),
            IntermediateDim = ByteMutator.Count(random, most),
            LayerCount = ByteMutator.Count(random, most > 12 ? 128 : 2),
            HasLayerScale = random.Next(2) == 0,
        };
    }
}
