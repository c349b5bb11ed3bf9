using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;

namespace TrtVocoder.Tests.Vocoding;

/// <summary>
/// A small network in managed code: <see cref="Layers"/> convolutions of kernel 3 over [bands, frames], zero padded and with a bias
/// (so that padding a mel is not the same as the network's own padding), then a fixed mix into a spectrum, and for waveforms the inverse
/// STFT by its definition. Output frame t depends on the input frames t ± Layers and no others.
/// </summary>
internal sealed class FakeDecoderModel : IDecoderModel
{
    public const int Layers = 3;
    public const int MelCount = 4;
    private int _decoders;
    private int _inFlight;

    public FakeDecoderModel(
        OutputKind signal = OutputKind.Spectrum, StftPadding padding = StftPadding.Center, SpectrumLayout layout = SpectrumLayout.BinsMajor,
        int maxBatch = int.MaxValue, int minFrames = 1, int maxFrames = int.MaxValue, int? receptiveField = Layers, int fftLength = 16, int hop = 4,
        bool hasCostlyShapes = false, int runsInFlight = 1, bool isForeign = false, bool isStreaming = false)
    {
        Info = new DecoderInfo
        {
            Backend = "fake",
            MaxBatch = maxBatch,
            MinFrames = minFrames,
            MaxFrames = maxFrames,
            HasCostlyShapes = hasCostlyShapes,
            RunsInFlight = runsInFlight,
            IsForeign = isForeign,
            Metadata = new VocoderMetadata
            {
                SampleRate = 8000,
                FftLength = fftLength,
                HopLength = hop,
                MelCount = MelCount,
                Padding = padding,
                Layout = layout,
                Signal = signal,
                ReceptiveFieldFrames = receptiveField,
                IsStreaming = isStreaming,
            },
        };
    }

    public DecoderInfo Info { get; }

    /// <summary>The shapes of all runs in order.</summary>
    public List<(int Batch, int Frames)> Runs { get; } = [];

    /// <summary>The most runs that were started and not finished at the same time.</summary>
    public int MaxInFlight { get; private set; }

    /// <summary>Decoders made and not yet disposed.</summary>
    public int LiveDecoders => _decoders;

    public bool Disposed { get; private set; }

    /// <summary>Called inside every run.</summary>
    public Action? DuringRun { get; set; }

    /// <summary>Whether only the first item of a batch is right, as in F5-TTS's own export.</summary>
    public bool SpoilsBatches { get; set; }

    /// <summary>Put into the output, to play a broken engine.</summary>
    public float? Poison { get; set; }

    public IDecoder CreateDecoder(DecodeProfiler? profiler = null)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        Interlocked.Increment(ref _decoders);
        return new Decoder(this);
    }

    public void Dispose() => Disposed = true;

    /// <summary>The whole decode of one mel in one go.</summary>
    public float[] DecodeWhole(ReadOnlySpan<float> mel, int frames)
    {
        float[] real = new float[Info.Metadata.Stft.BinCount * frames];
        float[] imag = new float[real.Length];
        Network(mel, frames, real, imag);
        float[] audio = new float[Info.Metadata.Stft.GetSampleCount(frames)];
        Invert(real, imag, frames, audio);
        return audio;
    }

    private void Network(ReadOnlySpan<float> mel, int frames, Span<float> real, Span<float> imag)
    {
        float[] hidden = mel.ToArray();
        for (int layer = 0; layer < Layers; layer++)
        {
            float[] next = new float[hidden.Length];
            for (int band = 0; band < MelCount; band++)
                for (int t = 0; t < frames; t++)
                {
                    int row = band * frames;
                    int other = (band + 1) % MelCount * frames;
                    float before = t > 0 ? hidden[row + t - 1] : 0;
                    float after = t < frames - 1 ? hidden[other + t + 1] : 0;
                    next[row + t] = (0.4f * before) + (0.5f * hidden[other + t]) - (0.3f * after) + 0.2f;
                }
            hidden = next;
        }

        int bins = Info.Metadata.Stft.BinCount;
        for (int bin = 0; bin < bins; bin++)
            for (int t = 0; t < frames; t++)
            {
                int at = Index(bin, t, bins, frames);
                real[at] = hidden[(bin % MelCount * frames) + t] * (1 + (0.1f * bin));
                imag[at] = hidden[((bin + 1) % MelCount * frames) + t] * (2 - (0.1f * bin));
            }
    }

    private void Invert(ReadOnlySpan<float> real, ReadOnlySpan<float> imag, int frames, Span<float> audio)
    {
        StftParameters stft = Info.Metadata.Stft;
        (int size, int hop, int bins) = (stft.FftLength, stft.HopLength, stft.BinCount);
        double[] sum = new double[((frames - 1) * hop) + size];
        double[] envelope = new double[sum.Length];
        for (int t = 0; t < frames; t++)
            for (int n = 0; n < size; n++)
            {
                double window = 0.5 - (0.5 * Math.Cos(2 * Math.PI * n / size));
                double value = 0;
                for (int bin = 0; bin < bins; bin++)
                {
                    bool edge = bin == 0 || bin == size / 2;
                    (double sin, double cos) = Math.SinCos(2 * Math.PI * bin * n / size);
                    int at = Index(bin, t, bins, frames);
                    value += edge ? real[at] * cos : 2 * ((real[at] * cos) - (imag[at] * sin));
                }
                sum[(t * hop) + n] += value / size * window;
                envelope[(t * hop) + n] += window * window;
            }
        for (int n = 0; n < audio.Length; n++)
            audio[n] = (float)(sum[stft.TrimLength + n] / envelope[stft.TrimLength + n]);
    }

    private int Index(int bin, int t, int bins, int frames) => Info.Metadata.Layout == SpectrumLayout.BinsMajor ? (bin * frames) + t : (t * bins) + bin;

    private sealed class Decoder(FakeDecoderModel model) : IDecoder
    {
        private float[] _mel = [];
        private float[] _first = [];
        private float[] _imag = [];
        private bool _started;
        private int _batch;
        private int _frames;
        private readonly List<float[]> _past = [];
        private long? _length;
        private bool _hasPlace;

        public NetworkTimes Times { get; private set; }

        /// <summary>A network with state is played by one that remembers the whole mel.</summary>
        public Span<float> BeginInput(int frames, long position, long? length)
        {
            Assert.That(model.Info.Metadata.IsStreaming);
            if (position == 0)
                _past.Clear();
            Assert.That(position, Is.EqualTo(_past.Count), "a gap between runs");
            _length = length;
            Span<float> mel = BeginInput(1, frames);
            mel.Fill(float.NaN);
            _hasPlace = true;
            return mel;
        }

        public Span<float> BeginInput(int batch, int frames)
        {
            Assert.That(_started, Is.False, "BeginInput during a run");
            Assert.That(batch, Is.InRange(1, model.Info.MaxBatch));
            Assert.That(frames, Is.InRange(model.Info.MinFrames, model.Info.MaxFrames));
            if ((batch, frames) != (_batch, _frames))
                _mel = new float[batch * MelCount * frames];
            (_batch, _frames) = (batch, frames);
            return _mel;
        }

        public void Start()
        {
            Assert.That(_started, Is.False, "Start during a run");
            _started = true;
            model.MaxInFlight = Math.Max(model.MaxInFlight, ++model._inFlight);
        }

        public DecoderOutput Finish()
        {
            Assert.That(_started, "Finish without Start");
            _started = false;
            model._inFlight--;
            Times = new NetworkTimes { ComputeMs = 2, EnqueueMs = 0.5, ComputeStartMs = model.Runs.Count, ComputeEndMs = model.Runs.Count + 1, UsedGraph = true };
            model.DuringRun?.Invoke();
            lock (model.Runs)
                model.Runs.Add((_batch, _frames));
            StftParameters stft = model.Info.Metadata.Stft;
            int size = stft.BinCount * _frames;
            int samples = stft.GetSampleCount(_frames);
            bool spectrum = model.Info.Metadata.Signal == OutputKind.Spectrum;
            if (model.Info.Metadata.IsStreaming)
                return FinishWithState();
            _first = new float[_batch * (spectrum ? size : samples)];
            _imag = new float[_batch * size];
            for (int item = 0; item < _batch; item++)
            {
                Span<float> mel = _mel.AsSpan(item * MelCount * _frames, MelCount * _frames);
                if (spectrum)
                    model.Network(mel, _frames, _first.AsSpan(item * size, size), _imag.AsSpan(item * size, size));
                else
                    model.DecodeWhole(mel, _frames).CopyTo(_first.AsSpan(item * samples));
            }
            if (model.SpoilsBatches)
                foreach (ref float value in _first.AsSpan(_first.Length / _batch))
                    value *= 1.5f;
            if (model.Poison is { } poison)
                _first[_first.Length / 2] = poison;
            return spectrum
                ? DecoderOutput.FromSpectrum(_first, _imag, model.Info.Metadata.Layout, stft.BinCount, _frames)
                : DecoderOutput.FromAudio(_first, samples);
        }

        private DecoderOutput FinishWithState()
        {
            if (!_hasPlace)
                _past.Clear();
            _hasPlace = false;
            int position = _past.Count;
            for (int frame = 0; frame < _frames; frame++)
            {
                float[] bands = [.. Enumerable.Range(0, MelCount).Select(band => _mel[(band * _frames) + frame])];
                Assert.That(bands, Has.All.EqualTo(0f).Or.All.Matches<float>(_ => position + frame < (_length ?? long.MaxValue)), "behind the end are zeros");
                _past.Add(bands);
            }
            int known = (int)Math.Min(_past.Count, _length ?? long.MaxValue);
            float[] mel = [.. Enumerable.Range(0, MelCount).SelectMany(band => _past.Take(known).Select(bands => bands[band]))];
            int bins = model.Info.Metadata.Stft.BinCount;
            (float[] real, float[] imag) = (new float[bins * known], new float[bins * known]);
            model.Network(mel, known, real, imag);
            (_first, _imag) = (new float[bins * _frames], new float[bins * _frames]);
            for (int row = 0; row < _frames; row++)
            {
                int frame = position - Layers + row;
                for (int bin = 0; bin < bins; bin++)
                {
                    bool isThere = frame >= 0 && frame < known;
                    _first[model.Index(bin, row, bins, _frames)] = isThere ? real[model.Index(bin, frame, bins, known)] : 1e6f;
                    _imag[model.Index(bin, row, bins, _frames)] = isThere ? imag[model.Index(bin, frame, bins, known)] : 1e6f;
                }
            }
            if (model.Poison is { } poison)
                _first[^1] = poison;
            return DecoderOutput.FromSpectrum(_first, _imag, model.Info.Metadata.Layout, bins, _frames);
        }

        public void Dispose() => Interlocked.Decrement(ref model._decoders);
    }
}
