namespace TrtVocoder.Cli.Running;

/// <summary>A command as the help of the program lists it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What it does, in a sentence.</param>
/// <param name="Make">Makes it, with its options: only where it is called.</param>
internal sealed record CommandEntry(string Name, string Description, Func<CliCommand> Make);
