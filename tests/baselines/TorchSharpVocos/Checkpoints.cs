using TrtVocoder.Cli.Running;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Baselines;

/// <summary>The model that is measured: a checkpoint, or random weights of given sizes.</summary>
internal static class Checkpoints
{
    /// <summary>Exactly one of the two is given.</summary>
    public static VocosCheckpoint Load(string? folder, string? sizes)
    {
        if ((folder is null) == (sizes is null))
            throw CliException.Usage("Give a checkpoint folder or --random DIM,INTERMEDIATE,LAYERS.");
        if (folder is not null)
            return VocosCheckpoint.Load(folder);
        int[] numbers = [.. sizes!.Split(',').Select(text => int.TryParse(text, out int number) ? number : 0)];
        return numbers is [> 0, > 0, > 0]
            ? RandomCheckpoint.Create(RandomCheckpoint.FullSize with { Dim = numbers[0], IntermediateDim = numbers[1], LayerCount = numbers[2] })
            : throw CliException.Usage($"--random {sizes}: give three numbers, DIM,INTERMEDIATE,LAYERS.");
    }
}
