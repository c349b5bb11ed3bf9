using System.Diagnostics;
using System.Globalization;
using TrtVocoder.CallPrice;
using TrtVocoder.Vocoding;

// Decodes the same mel by the managed call and by the C library's function, in turns in one process, both compiled by NativeAOT, and prints what the C call
// takes more: the median over pairs of calls. A mel of 0 frames is the call alone, without a network behind it.
// CallPrice LIBRARY MODEL [PAIRS]
const double LimitMicroseconds = 2;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int pairs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 20_000;
using Vocoder vocoder = Vocoder.Load(args[1]);
using VocoderSession session = vocoder.CreateSession();
using CSession cSession = new(args[0], args[1]);
bool isCheap = true;
Console.WriteLine($"{vocoder.Info.Backend}, {pairs} pairs of calls");
Console.WriteLine("| frames | managed call, median | C call, median | C call more, median of pairs | its middle half |");
Console.WriteLine("|---|---|---|---|---|");
foreach (int frames in (int[])[0, 4, 64])
    isCheap &= Compare(frames) <= LimitMicroseconds;
return isCheap ? 0 : 1;

unsafe double Compare(int frames)
{
    float[] mel = new float[vocoder.MelCount * frames];
    float[] audio = new float[vocoder.GetSampleCount(frames)];
    float[] cAudio = new float[audio.Length];
    Random random = new(1);
    for (int i = 0; i < mel.Length; i++)
        mel[i] = -4 + random.NextSingle();
    double[] managed = new double[pairs], c = new double[pairs], more = new double[pairs];
    fixed (float* melStart = mel, cAudioStart = cAudio)
        for (int i = -pairs / 10; i < pairs; i++)
        {
            double managedTime = 0, cTime = 0;
            // Who comes first finds the caches as the other left them: each is first in turns.
            for (int turn = 0; turn < 2; turn++)
            {
                long start = Stopwatch.GetTimestamp();
                if ((turn + i & 1) == 0)
                {
                    session.Decode(mel, frames, audio);
                    managedTime = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                }
                else
                {
                    cSession.Decode(melStart, frames, cAudioStart, cAudio.Length);
                    cTime = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                }
            }
            // Before, caches and shapes are got ready.
            if (i >= 0)
                (managed[i], c[i], more[i]) = (managedTime, cTime, cTime - managedTime);
        }
    if (!audio.AsSpan().SequenceEqual(cAudio))
        throw new InvalidOperationException("The two calls gave other samples.");
    Console.WriteLine(
        $"| {frames} | {Quantile(managed, 0.5):F2} µs | {Quantile(c, 0.5):F2} µs | {Quantile(more, 0.5):F2} µs | {Quantile(more, 0.25):F2} to {Quantile(more, 0.75):F2} µs |");
    return Quantile(more, 0.5);
}

static double Quantile(double[] values, double part)
{
    Array.Sort(values);
    return values[(int)(part * (values.Length - 1))];
}
