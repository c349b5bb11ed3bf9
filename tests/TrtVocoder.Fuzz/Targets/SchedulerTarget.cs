using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>
/// A scheduler's day: mels of random lengths, some of which are cancelled, in windows, batches and lanes by the input's first bytes. Each
/// request must end once, with the samples of the whole decode, or with why not.
/// </summary>
internal sealed class SchedulerTarget : FuzzTarget
{
    private const int HeaderBytes = 5;
    private const int MostRequests = 64;

    public override string Name => "scheduler";

    // Each run has threads of its own.
    public override long GetMemoryBound(long inputBytes) => 1L << 30;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        [4, 8, 1, 40, 0, .. Enumerable.Range(0, 40).SelectMany(i => (byte[])[0, (byte)(i * 7)])],
        [3, 24, 3, 255, 1, .. Enumerable.Range(0, 60).SelectMany(i => (byte[])[(byte)(i % 5), (byte)(i * 31)])],
        [1, 0, 2, 3, 0, 0, 0, 0, 1, 1, 0, 0, 200, 2, 0, 0, 90],
    ];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        byte[] changed = [.. seed];
        for (int changes = random.Next(1, 12); changes > 0; changes--)
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
        return random.Next(3) == 0 ? [.. changed, .. seed.AsSpan(HeaderBytes)] : changed;
    }

    public override void Run(byte[] input)
    {
        if (input.Length < HeaderBytes)
            return;
        using Vocoder vocoder = new(new ShiftNetwork());
        VocoderSchedulerOptions options = new()
        {
            Batch = 1 + (input[0] % 8),
            WindowFrames = input[1] % 4 == 0 ? 0 : 8 + (input[1] % 32),
            Lanes = 1 + (input[2] % 4),
            MaxQueuedWindows = 1 + input[3],
        };
        List<Request> requests = [];
        using (VocoderScheduler scheduler = new(vocoder, options))
        {
            for (int i = HeaderBytes; i + 1 < input.Length && requests.Count < MostRequests; i += 2)
                Step(scheduler, requests, input[i], input[i + 1]);
            // Else those that wait are ended by the disposal.
            if (input[4] % 2 == 0)
                requests.ForEach(request => request.Await());
        }
        requests.ForEach(request => request.Judge());
    }

    private static void Step(VocoderScheduler scheduler, List<Request> requests, byte what, byte number)
    {
        switch (what % 5)
        {
            case 1 when requests.Count > 0:
                Request chosen = requests[number % requests.Count];
                chosen.IsCancelled = true;
                scheduler.Cancel(chosen.Ticket);
                break;
            case 2:
                Thread.Yield();
                break;
            case 3 when requests.Count > 0:
                requests[number % requests.Count].Await();
                break;
            default:
                Request request = new(number);
                try
                {
                    scheduler.Submit(request);
                    requests.Add(request);
                }
                catch (TrtVocoderException busy) when (busy.Kind == FailureKind.PoolBusy)
                {
                }
                break;
        }
    }

    private sealed class Request : ScheduledRequest
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly float[] _got;
        private int _next;
        private int _begins;
        private int _ends;
        private Exception? _failure;
        private string _fault = "";

        public Request(int frames)
            : base(Enumerable.Range(0, frames).Select(frame => MathF.Sin(frame * frame)).ToArray(), frames)
        {
            Audio = new float[ShiftNetwork.Hop * frames];
            _got = new float[Audio.Length];
        }

        public bool IsCancelled { get; set; }

        public override void Begin() => _fault += _begins++ > 0 || _next > 0 ? "it began twice or late; " : "";

        public override void TakePart(ReadOnlySpan<float> samples, int first) => Take(samples, first);

        public override void End(ReadOnlySpan<float> rest, int first, Exception? failure)
        {
            Take(rest, first);
            (_ends, _failure) = (_ends + 1, failure);
            _ended.TrySetResult();
        }

        public void Await()
        {
            if (!_ended.Task.Wait(TimeSpan.FromSeconds(Verdict.MaxSeconds)))
                throw new InvalidOperationException($"a request of {Frames} frames never ended");
        }

        /// <summary>After the scheduler's disposal.</summary>
        public void Judge()
        {
            if (_ends != 1)
                _fault += $"{_ends} ends; ";
            if (_failure is not (null or OperationCanceledException))
                _fault += $"{_failure.GetType().Name}; ";
            if (_failure is null && (_next != _got.Length || _begins != (Frames > 0 ? 1 : 0)))
                _fault += "it ended early, or without a beginning; ";
            if (Enumerable.Range(0, _next).Any(sample => _got[sample] != ShiftNetwork.GetSample(Mel.Span, sample)))
                _fault += "wrong samples; ";
            if (_fault.Length > 0)
                throw new InvalidOperationException($"a request of {Frames} frames: {_fault}");
        }

        private void Take(ReadOnlySpan<float> samples, int first)
        {
            if (first != _next || _ends > 0)
                _fault += "samples out of order; ";
            samples.CopyTo(_got.AsSpan(first));
            _next = first + samples.Length;
        }
    }

    /// <summary>A network of one band, whose samples are sums of frames around them.</summary>
    private sealed class ShiftNetwork : IDecoderModel
    {
        public const int Hop = 2;
        private const int Field = 2;

        public DecoderInfo Info { get; } = new()
        {
            Backend = "fuzz",
            MaxBatch = int.MaxValue,
            MinFrames = 1,
            MaxFrames = int.MaxValue,
            Metadata = new VocoderMetadata
            {
                SampleRate = 8000,
                FftLength = 4,
                HopLength = Hop,
                MelCount = 1,
                Padding = StftPadding.Same,
                Signal = OutputKind.Waveform,
                ReceptiveFieldFrames = Field,
            },
        };

        /// <summary>A sample of the whole decode.</summary>
        public static float GetSample(ReadOnlySpan<float> mel, int sample)
        {
            float sum = sample % Hop;
            for (int frame = Math.Max(0, (sample / Hop) - Field); frame <= Math.Min(mel.Length - 1, (sample / Hop) + Field); frame++)
                sum += mel[frame] * (1 + frame - (sample / Hop));
            return sum;
        }

        public IDecoder CreateDecoder(DecodeProfiler? profiler = null) => new Decoder();

        public void Dispose()
        {
        }

        private sealed class Decoder : IDecoder
        {
            private float[] _mel = [];
            private int _frames;

            public Span<float> BeginInput(int batch, int frames)
            {
                (_mel, _frames) = (new float[batch * frames], frames);
                return _mel;
            }

            public void Start()
            {
            }

            public DecoderOutput Finish()
            {
                float[] audio = new float[Hop * _mel.Length];
                for (int i = 0; i < audio.Length; i++)
                {
                    int item = i / (Hop * _frames);
                    audio[i] = GetSample(_mel.AsSpan(item * _frames, _frames), i % (Hop * _frames));
                }
                return DecoderOutput.FromAudio(audio, Hop * _frames);
            }

            public void Dispose()
            {
            }
        }
    }
}
