using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>C's options as the library's.</summary>
internal static unsafe class OptionReader
{
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public static VocoderOptions Read(NativeOptions* told)
    {
        if (told is null)
            return new VocoderOptions();
        NativeOptions options = StructSize.Read(told, NativeOptions.FirstSize, "trtvocoder_options");
        return new VocoderOptions
        {
            MaxWindowFrames = OrNull(options.MaxWindowFrames),
            Windows = NativeText.Read(options.Windows) is { } windows ? WindowPolicy.Parse(windows) : WindowPolicy.Auto,
            RunsInFlight = options.RunsInFlight,
            InverseStft = (InverseStftPlace)Within(options.InverseStft, 2, "inverse_stft"),
            InverseStftThreads = options.InverseStftThreads,
            Threads = options.Threads,
            CheckOutput = !IsSet(options.SkipsOutputCheck, "skips_output_check"),
            Model = ReadHints(options),
            Engine = new TrtDecoderOptions
            {
                Device = options.Device,
                LibraryFolder = NativeText.Read(options.LibraryFolder),
                Runtime = Within(options.Runtime, 2, "runtime") switch
                {
                    0 => null,
                    1 => EngineFlavour.TensorRt,
                    _ => EngineFlavour.TensorRtRtx,
                },
                Buffers = (BufferMode)Within(options.Buffers, 2, "buffers"),
                CudaGraphs = !IsSet(options.WithoutGraphs, "without_graphs"),
                SleepsWhileWaiting = Within(options.Waiting, 2, "waiting") switch
                {
                    0 => null,
                    1 => false,
                    _ => true,
                },
                Profile = options.Profile,
                AllowHostCode = IsSet(options.AllowsHostCode, "allows_host_code"),
            },
        };
    }

    /// <summary>A number of an enumeration or a switch.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static int Within(int value, int most, string name) => (uint)value <= (uint)most
        ? value
        : throw new ArgumentException($"The option {name} is {value}; it is 0 to {most}.");

    private static ModelHints ReadHints(in NativeOptions options)
    {
        ModelHints hints = new()
        {
            MelCount = OrNull(options.MelCount),
            FftLength = OrNull(options.FftLength),
            HopLength = OrNull(options.HopLength),
            Padding = (StftPadding)Within(options.Padding, 1, "padding"),
            ReceptiveFieldFrames = OrNull(options.ReceptiveFieldFrames),
            BandwidthId = IsSet(options.HasBandwidthId, "has_bandwidth_id") ? options.BandwidthId : null,
            RealOutput = NativeText.Read(options.RealOutput),
            ImagOutput = NativeText.Read(options.ImagOutput),
            AudioOutput = NativeText.Read(options.AudioOutput),
        };
        if (options.SampleRate != 0)
            hints = hints with { SampleRate = options.SampleRate };
        return options.MelFloor == 0 ? hints : hints with { MelFloor = options.MelFloor };
    }

    private static int? OrNull(int value) => value == 0 ? null : value;

    private static bool IsSet(int value, string name) => Within(value, 1, name) == 1;
}
