using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary><c>trtvocoder_error</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeError
{
    public uint StructSize;
    public int Status;
    public int Kind;
    public int NativeCode;
    public byte* Message;
}

/// <summary><c>trtvocoder_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOptions
{
    public uint StructSize;
    public int Device;
    public int Threads;
    public int InverseStftThreads;
    public int RunsInFlight;
    public int MaxWindowFrames;
    public byte* Windows;
    public int SkipsOutputCheck;
    public int Profile;
    public int Buffers;
    public int WithoutGraphs;
    public int AllowsHostCode;
    public int Runtime;
    public byte* LibraryFolder;
    public int MelCount;
    public int SampleRate;
    public int FftLength;
    public int HopLength;
    public int Padding;
    public int ReceptiveFieldFrames;
    public float MelFloor;
    public int Reserved;
    public byte* RealOutput;
    public byte* ImagOutput;
    public byte* AudioOutput;
    // From here on since 0.1.0's first header: FirstSize.
    public int InverseStft;
    public int Waiting;
    public int HasBandwidthId;
    public int BandwidthId;

    /// <summary>sizeof(trtvocoder_options) before it had inverse_stft and what follows.</summary>
    public static int FirstSize => sizeof(NativeOptions) - (4 * sizeof(int));
}

/// <summary><c>trtvocoder_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeInfo
{
    public uint StructSize;
    public int SampleRate;
    public int MelCount;
    public int FftLength;
    public int HopLength;
    public int Padding;
    public float MelFloor;
    public int ReceptiveFieldFrames;
    public int MinFrames;
    public int MaxFrames;
    public int MaxBatch;
    public int Signal;
    public int TakesDevicePointers;
    public int DeviceMelType;
    public int DeviceOutputType;
    public int DeviceOutputFrameMajor;
    public byte* Backend;
    public byte* Notes;
    // From here on since 0.1.0's second header: FirstSize.
    public int DeviceMelFrameMajor;
    public int KeepsState;

    /// <summary>sizeof(trtvocoder_info) before it had device_mel_frame_major and what follows.</summary>
    public static int FirstSize => sizeof(NativeInfo) - (2 * sizeof(int));
}

/// <summary><c>trtvocoder_scheduler_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeSchedulerOptions
{
    public uint StructSize;
    public int Batch;
    public int WindowFrames;
    public int Lanes;
    public int MaxQueuedWindows;
    public int SendsParts;
    // From here on since 0.1.0's first header: FirstSize.
    public int TellsStart;

    /// <summary>sizeof(trtvocoder_scheduler_options) before it had tells_start.</summary>
    public static unsafe int FirstSize => sizeof(NativeSchedulerOptions) - sizeof(int);
}

/// <summary><c>trtvocoder_scheduler_statistics</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeSchedulerStatistics
{
    public uint StructSize;
    public int Batch;
    public int Lanes;
    public int QueuedWindows;
    public int RunningWindows;
    public int OpenRequests;
    public long RequestsSubmitted;
    public long RequestsCompleted;
    public long RequestsFailed;
    public long RequestsCancelled;
    public long RequestsRefused;
    public long BatchesRun;
    public long WindowsRun;
    public long SlotsOffered;
    public long FramesRun;
    public long FramesAsked;
}

/// <summary><c>trtvocoder_stream_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeStreamOptions
{
    public uint StructSize;
    public int Layout;
}

/// <summary><c>trtvocoder_stream_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeStreamInfo
{
    public uint StructSize;
    public int LookaheadFrames;
    public int FirstSampleFrames;
    public int HeldFrames;
    public int AvailableSamples;
    public int IsComplete;
    public long PushedFrames;
}
