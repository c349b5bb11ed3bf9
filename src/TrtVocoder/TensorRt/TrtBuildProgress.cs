namespace TrtVocoder.TensorRt;

/// <summary>How far a phase of a build is. Phases nest; a build has hundreds, of which only the first two levels are reported.</summary>
/// <param name="Phase">The phase, in TensorRT's words.</param>
/// <param name="Parent">The phase around it; null for the outermost.</param>
/// <param name="Step">Steps done.</param>
/// <param name="StepCount">Steps in all; equal to <paramref name="Step"/> when the phase ends.</param>
public sealed record TrtBuildProgress(string Phase, string? Parent, int Step, int StepCount);
