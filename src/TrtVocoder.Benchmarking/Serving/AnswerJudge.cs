using System.Globalization;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>Compares a server's answers with the decodes of a model in this process. Safe for use by many threads.</summary>
internal sealed class AnswerJudge
{
    // Engines in half precision are at 55 dB and more from the model that they were built of; another voice is below 10.
    private const double LeastDb = 40;

    private readonly Dictionary<int, float[]> _decodes = [];
    private readonly Lock _lock = new();

    /// <summary>Signal to noise of the answer that was furthest from its decode; infinite where all were equal.</summary>
    public double WorstDb { get; private set; } = double.PositiveInfinity;

    /// <summary>Decodes the mels of every length.</summary>
    public static AnswerJudge Make(Vocoder vocoder, ServedRequests requests, Workload workload, CancellationToken cancellationToken)
    {
        AnswerJudge judge = new();
        using VocoderSession session = vocoder.CreateSession();
        foreach (int frames in workload.Lengths.Distinct())
        {
            float[] audio = new float[workload.Batch * vocoder.GetSampleCount(frames)];
            session.DecodeBatch(requests.GetMels(frames), workload.Batch, frames, audio, cancellationToken);
            judge._decodes[frames] = audio;
        }
        return judge;
    }

    /// <summary>Forgets what was compared so far.</summary>
    public void Reset() => WorstDb = double.PositiveInfinity;

    /// <summary>What is wrong with an answer; null: nothing.</summary>
    public string? FindFault(int frames, ReadOnlySpan<float> answer)
    {
        float[] decode = _decodes[frames];
        if (answer.Length != decode.Length)
            return string.Create(CultureInfo.InvariantCulture, $"{answer.Length} samples, the model gives {decode.Length}");
        double signal = 0, noise = 0;
        for (int i = 0; i < decode.Length; i++)
        {
            double difference = answer[i] - (double)decode[i];
            signal += (double)decode[i] * decode[i];
            noise += difference * difference;
        }
        double db = noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(signal / noise);
        if (db < LeastDb)
            return string.Create(CultureInfo.InvariantCulture, $"{db:0.0} dB from the model's own samples");
        lock (_lock)
            WorstDb = Math.Min(WorstDb, db);
        return null;
    }
}
