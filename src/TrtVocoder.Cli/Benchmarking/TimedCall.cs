namespace TrtVocoder.Cli.Benchmarking;

/// <summary>One call by the caller's clock.</summary>
internal readonly record struct TimedCall(int Frames, double Ms);
