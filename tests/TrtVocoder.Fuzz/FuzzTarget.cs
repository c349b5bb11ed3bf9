namespace TrtVocoder.Fuzz;

/// <summary>A reader under test: valid inputs to begin with, mutators that know its format, and the call.</summary>
internal abstract class FuzzTarget
{
    /// <summary>The name on the command line and in the table.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the mutator's work may be followed by blind edits of bytes; false where these would reach code that is not ours.</summary>
    public virtual bool TakesAnyBytes => true;

    /// <summary>The share of a run by number that the target gets: cheap ones get more.</summary>
    public virtual double Weight => 1;

    /// <summary>No reader takes more than this of a file of so many bytes (docs/formats.md).</summary>
    public virtual long GetMemoryBound(long inputBytes) => (64L << 20) + (32 * inputBytes);

    /// <summary>Valid inputs.</summary>
    public abstract IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>An input by someone who knows the format: equal random numbers give equal inputs.</summary>
    public abstract byte[] Mutate(Random random, byte[] seed);

    /// <summary>Reads an input, and does with the result what a program would. May throw <see cref="TrtVocoderException"/>, nothing else.</summary>
    public abstract void Run(byte[] input);

    /// <summary>The input of an iteration: a function of its arguments alone, so that a run can be repeated from its numbers.</summary>
    public byte[] MakeInput(int seed, long iteration)
    {
        Random random = new(HashCode(seed, iteration));
        byte[] input = Seeds[random.Next(Seeds.Count)];
        if (!TakesAnyBytes || random.Next(4) > 0)
            input = Mutate(random, input);
        if (TakesAnyBytes && random.Next(3) == 0)
            input = ByteMutator.Mutate(random, input, Seeds);
        return input;
    }

    // Not System.HashCode, which differs from process to process.
    private int HashCode(int seed, long iteration)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in Name)
            hash = (hash ^ letter) * 1099511628211;
        hash = (hash ^ (uint)seed) * 1099511628211;
        hash = (hash ^ (ulong)iteration) * 1099511628211;
        return (int)(hash ^ (hash >> 32));
    }
}
