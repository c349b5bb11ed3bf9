using TrtVocoder.Decoding;
using TrtVocoder.Files;

namespace TrtVocoder.GpuTests;

/// <summary>
/// Whole decodes of other people's networks by ONNX Runtime, made on the CPU by 'run.sh pack' from the mels that <see cref="WriteMels"/>
/// writes: NAME.FRAMES.wav in 32-bit floats.
/// </summary>
/// <param name="folder">Where they lie.</param>
internal sealed class FormAnswers(string folder)
{
    /// <summary>Fewer frames than engines take, as many, more, and many times more.</summary>
    public static readonly int[] Lengths = [2, 30, 64, 300, 900, 4000];

    /// <summary>The mel of a length: [bands, frames].</summary>
    public static float[] MakeMel(int bands, int frames) => ProbeMel.Make(bands, frames, seed: frames);

    /// <summary>Writes the mels as mel.BANDS.FRAMES.npy.</summary>
    public static int WriteMels(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (int bands in (int[])[80, 100])
            foreach (int frames in Lengths)
                NpyFile.Write(Path.Combine(folder, $"mel.{bands}.{frames}.npy"), new FloatTensor([bands, frames], MakeMel(bands, frames)), overwrite: true);
        return 0;
    }

    /// <summary>The samples of a network's whole decode.</summary>
    /// <exception cref="FileNotFoundException">They were not packed.</exception>
    public float[] Read(string name, int frames)
    {
        string path = Path.Combine(folder, $"{name}.{frames}.wav");
        return File.Exists(path)
            ? WavFile.Read(path).Samples
            : throw new FileNotFoundException($"{path} is missing, so this was not checked: 'run.sh pack DIR ENGINES' makes it.");
    }
}
