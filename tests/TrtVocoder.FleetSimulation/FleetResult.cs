namespace TrtVocoder.FleetSimulation;

/// <summary>A fleet's day.</summary>
/// <param name="Times">Answer times, each weighted by the requests that it stands for.</param>
/// <param name="Offered">Requests that came.</param>
/// <param name="Refused">Of them, those that would have waited too long.</param>
/// <param name="Waiting">Of them, those that wait at midnight.</param>
/// <param name="InstanceHours">Paid for.</param>
/// <param name="SpeechHours">Answered.</param>
/// <param name="Fewest">Fewest instances that were paid for at a time.</param>
/// <param name="Most">Most instances that were paid for at a time.</param>
internal sealed record FleetResult(
    AnswerTimes Times, double Offered, double Refused, double Waiting, double InstanceHours, double SpeechHours, int Fewest, int Most)
{
    public double Answered => Offered - Refused - Waiting;

    /// <summary>Seconds of an instance that an hour of speech takes.</summary>
    public double InstanceSecondsPerSpeechHour => InstanceHours * 3600 / SpeechHours;
}
