namespace TrtVocoder.FleetSimulation;

/// <summary>What one instance did under a load.</summary>
/// <param name="Times">Answer times.</param>
/// <param name="RequestsPerSecond">Answers a second.</param>
/// <param name="WindowsPerRun">Windows of a run, on average.</param>
/// <param name="MeanWaitMs">How long a window waited for its run, on average.</param>
internal sealed record LoadResult(AnswerTimes Times, double RequestsPerSecond, double WindowsPerRun, double MeanWaitMs);
