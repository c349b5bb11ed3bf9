using System.CommandLine;

namespace TrtVocoder.Cli;

/// <summary>A command as the help of the program lists it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What it does, in a sentence.</param>
/// <param name="Define">Gives the command its arguments, options and action; returns examples for its help.</param>
internal sealed record CommandEntry(string Name, string Description, Func<Command, string> Define);
