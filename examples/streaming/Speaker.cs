using System.Runtime.InteropServices;

namespace Streaming;

/// <summary>The default loudspeaker, one channel, by PortAudio (Debian: libportaudio2).</summary>
internal sealed unsafe partial class Speaker : IDisposable
{
    private const string Library = "libportaudio.so.2";
    private const uint Float32 = 1;
    private const uint AnyFramesPerBuffer = 0;
    private const int OutputUnderflowed = -9980;
    private readonly nint _stream;

    /// <summary>Opens it.</summary>
    /// <exception cref="SpeakerException">There is none, or PortAudio is missing.</exception>
    public Speaker(int sampleRate)
    {
        try
        {
            ThrowIfFailed(Initialize());
        }
        catch (DllNotFoundException)
        {
            throw new SpeakerException("PortAudio is missing: apt-get install libportaudio2, or name a file to write.");
        }
        int result = OpenDefaultStream(out _stream, 0, 1, Float32, sampleRate, AnyFramesPerBuffer, 0, 0);
        if (result == 0)
            result = StartStream(_stream);
        if (result == 0)
            return;
        _ = Terminate();
        ThrowIfFailed(result);
    }

    /// <summary>Plays samples; returns when the last ones fit the speaker's buffer.</summary>
    /// <exception cref="SpeakerException">The speaker failed.</exception>
    public void Write(ReadOnlySpan<float> samples)
    {
        fixed (float* first = samples)
        {
            int result = WriteStream(_stream, first, (uint)samples.Length);
            // The speaker had to wait for us: a gap, and no failure.
            if (result != OutputUnderflowed)
                ThrowIfFailed(result);
        }
    }

    /// <summary>Plays what is in the buffer to its end.</summary>
    public void Dispose()
    {
        _ = StopStream(_stream);
        _ = CloseStream(_stream);
        _ = Terminate();
    }

    private static void ThrowIfFailed(int result)
    {
        if (result < 0)
            throw new SpeakerException(
                $"The speaker cannot be used: {Marshal.PtrToStringUTF8(GetErrorText(result))}; name a file to write instead.");
    }

    [LibraryImport(Library, EntryPoint = "Pa_Initialize")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "Pa_Terminate")]
    private static partial int Terminate();

    [LibraryImport(Library, EntryPoint = "Pa_GetErrorText")]
    private static partial nint GetErrorText(int code);

    [LibraryImport(Library, EntryPoint = "Pa_OpenDefaultStream")]
    private static partial int OpenDefaultStream(
        out nint stream, int inputChannels, int outputChannels, nuint sampleFormat, double sampleRate, nuint framesPerBuffer, nint callback,
        nint userData);

    [LibraryImport(Library, EntryPoint = "Pa_StartStream")]
    private static partial int StartStream(nint stream);

    [LibraryImport(Library, EntryPoint = "Pa_WriteStream")]
    private static partial int WriteStream(nint stream, float* samples, nuint frames);

    [LibraryImport(Library, EntryPoint = "Pa_StopStream")]
    private static partial int StopStream(nint stream);

    [LibraryImport(Library, EntryPoint = "Pa_CloseStream")]
    private static partial int CloseStream(nint stream);
}

/// <summary>The loudspeaker cannot be used.</summary>
internal sealed class SpeakerException(string message) : Exception(message);
