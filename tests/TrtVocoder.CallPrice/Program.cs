using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using TrtVocoder.NativeLibrary;
using TrtVocoder.Vocoding;

// Decodes the same mels through one session by the managed call and by the C library's function, through a pointer to it as C has one, in turns, both compiled by
// NativeAOT, and prints what the C call takes more: the median over pairs of calls, and the 95 % interval of that median. A mel of 0 frames is the call alone. Behind
// a network the call's own code and data have left the caches; "near" calls come behind calls of 0 frames, which bring them back.
// Ends with 1 where a price above the limit is shown. CallPrice PAIRS MODEL…
const double LimitMicroseconds = 2;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int pairs = int.Parse(args[0], CultureInfo.InvariantCulture);
bool isCheap = true;
Console.WriteLine("| by | frames | caches | managed call, median | C call, median | C call more, median of pairs | 95 % interval |");
Console.WriteLine("|---|---|---|---|---|---|---|");
foreach (string model in args[1..])
{
    NativeVocoder vocoder = new(Vocoder.Load(model, new VocoderOptions { Threads = 1, InverseStftThreads = 1 }));
    using NativeSession session = new(vocoder, 0);
    foreach ((int frames, bool isNear) in ((int, bool)[])[(0, true), (4, true), (4, false)])
        isCheap &= Compare(vocoder.Vocoder, session, frames, isNear) <= LimitMicroseconds;
}
return isCheap ? 0 : 1;

unsafe double Compare(Vocoder vocoder, NativeSession both, int frames, bool isNear)
{
    delegate* unmanaged[Cdecl]<nint, float*, int, int, float*, long, int*, int> decode = &SessionExports.Decode;
    VocoderSession session = SessionOf(both);
    nint handle = Handles.Add(both);
    float[] mel = new float[vocoder.MelCount * frames];
    float[] audio = new float[vocoder.GetSampleCount(frames)];
    float[] cAudio = new float[audio.Length];
    Random random = new(1);
    for (int i = 0; i < mel.Length; i++)
        mel[i] = -4 + random.NextSingle();
    double[] managed = new double[pairs], c = new double[pairs], more = new double[pairs];
    // Before those that count, caches and shapes are got ready.
    for (int i = -pairs / 10; i < pairs; i++)
    {
        // Who comes second finds the caches as the other left them: each is first in turns.
        bool isManagedFirst = (i & 1) == 0;
        double first = isManagedFirst ? TimeManaged() : TimeC();
        double second = isManagedFirst ? TimeC() : TimeManaged();
        (double managedTime, double cTime) = isManagedFirst ? (first, second) : (second, first);
        if (i >= 0)
            (managed[i], c[i], more[i]) = (managedTime, cTime, cTime - managedTime);
    }
    Handles.Remove<NativeSession>(handle);
    if (!audio.AsSpan().SequenceEqual(cAudio))
        throw new InvalidOperationException("The two calls gave other samples.");
    foreach (double[] times in (double[][])[managed, c, more])
        Array.Sort(times);
    // Ranks between which a median lies with 95 %, by the binomial distribution's normal approximation.
    int half = (int)(0.98 * Math.Sqrt(pairs)), middle = pairs / 2;
    double least = more[middle - half], most = more[middle + half];
    Console.WriteLine(
        $"| {vocoder.Info.Backend} | {frames} | {(isNear ? "near" : "as they are")} | {managed[middle]:F2} µs | {c[middle]:F2} µs | {more[middle]:F2} µs | {least:F2} to {most:F2} µs |");
    return least;

    double TimeManaged()
    {
        Fetch();
        long start = Stopwatch.GetTimestamp();
        session.Decode(mel, frames, audio);
        return MicrosecondsSince(start);
    }

    double TimeC()
    {
        Fetch();
        fixed (float* melStart = mel, audioStart = cAudio)
        {
            int samples;
            long start = Stopwatch.GetTimestamp();
            int status = decode(handle, melStart, 1, frames, audioStart, cAudio.Length, &samples);
            double time = MicrosecondsSince(start);
            return status == 0 && samples == cAudio.Length ? time : throw new InvalidOperationException($"The C call failed with status {status}.");
        }
    }

    void Fetch()
    {
        if (!isNear)
            return;
        int samples;
        session.Decode([], 0, []);
        _ = decode(handle, null, 1, 0, null, 0, &samples);
    }
}

[UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_session")]
static extern ref VocoderSession SessionOf(NativeSession session);

// Without the 100 ns of a TimeSpan.
static double MicrosecondsSince(long start) => (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency;
