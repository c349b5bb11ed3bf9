using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of <c>trtvocoder_session</c>; include/trtvocoder.h tells what each does.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into native code.")]
internal static unsafe class SessionExports
{
    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_create", CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(nint vocoder, int profileCapacity, nint* session)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(session, "session");
            *session = 0;
            *session = Handles.Add(new NativeSession(Handles.Get<NativeVocoder>(vocoder), profileCapacity));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_warm_up", CallConvs = [typeof(CallConvCdecl)])]
    private static int WarmUp(nint session)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeSession>(session).WarmUp();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_warm_up_shape", CallConvs = [typeof(CallConvCdecl)])]
    private static int WarmUpShape(nint session, int batch, int frames)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeSession>(session).WarmUp(batch, frames);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_decode", CallConvs = [typeof(CallConvCdecl)])]
    internal static int Decode(nint session, float* mel, int batch, int frames, float* audio, long capacity, int* samples)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (samples is not null)
                *samples = 0;
            int written = Handles.Get<NativeSession>(session).Decode(mel, batch, frames, audio, capacity);
            if (samples is not null)
                *samples = written;
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_get_device_output_length", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetDeviceOutputLength(nint session, int batch, int frames, long* length)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(length, "length");
            *length = 0;
            *length = Handles.Get<NativeSession>(session).GetDeviceOutputLength(batch, frames);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_decode_on_device", CallConvs = [typeof(CallConvCdecl)])]
    private static int DecodeOnDevice(nint session, nint mel, int batch, int frames, nint realOrAudio, nint imag, nint stream)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeSession>(session).DecodeOnDevice(mel, batch, frames, realOrAudio, imag, stream);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_decode_audio_on_device", CallConvs = [typeof(CallConvCdecl)])]
    private static int DecodeAudioOnDevice(nint session, nint mel, int batch, int frames, nint audio, nint stream)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeSession>(session).DecodeAudioOnDevice(mel, batch, frames, audio, stream);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_get_frame_count", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetFrameCount(nint session, int count, int* frames)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(frames, "frames");
            *frames = 0;
            *frames = Handles.Get<NativeSession>(session).GetFrameCount(count);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_compute_mel", CallConvs = [typeof(CallConvCdecl)])]
    private static int ComputeMel(nint session, float* audio, int count, float* mel, long capacity, int* frames)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (frames is not null)
                *frames = 0;
            int computed = Handles.Get<NativeSession>(session).ComputeMel(audio, count, mel, capacity);
            if (frames is not null)
                *frames = computed;
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_get_profile", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetProfile(nint session, byte** json)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(json, "json");
            *json = null;
            *json = Handles.Get<NativeSession>(session).GetProfile();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_session_destroy", CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint session)
    {
        if (ForkCheck.IsChild)
            return;
        try
        {
            Handles.Remove<NativeSession>(session)?.Dispose();
        }
        catch (Exception error)
        {
            _ = LastError.Set(error);
        }
    }
}
