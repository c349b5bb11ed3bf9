using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of <c>trtvocoder_stream</c>; include/trtvocoder.h tells what each does.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into native code.")]
internal static unsafe class StreamExports
{
    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_create", CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(nint vocoder, NativeStreamOptions* options, nint* stream)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(stream, "stream");
            *stream = 0;
            *stream = Handles.Add(new NativeStream(Handles.Get<NativeVocoder>(vocoder), options));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_warm_up", CallConvs = [typeof(CallConvCdecl)])]
    private static int WarmUp(nint stream, int chunkFrames)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeStream>(stream).WarmUp(chunkFrames);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_push", CallConvs = [typeof(CallConvCdecl)])]
    private static int Push(nint stream, float* mel, int frames, int* available)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (available is not null)
                *available = 0;
            int finished = Handles.Get<NativeStream>(stream).Push(mel, frames);
            if (available is not null)
                *available = finished;
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_complete", CallConvs = [typeof(CallConvCdecl)])]
    private static int Complete(nint stream, int* available)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (available is not null)
                *available = 0;
            int finished = Handles.Get<NativeStream>(stream).Complete();
            if (available is not null)
                *available = finished;
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_read", CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint stream, float* audio, long capacity, int* samples)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(samples, "samples");
            *samples = 0;
            *samples = Handles.Get<NativeStream>(stream).Read(audio, capacity);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_reset", CallConvs = [typeof(CallConvCdecl)])]
    private static int Reset(nint stream)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeStream>(stream).Reset();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_get_info", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetInfo(nint stream, NativeStreamInfo* info)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(info, "info");
            StructSize.Check(info->StructSize, sizeof(NativeStreamInfo), "trtvocoder_stream_info");
            *info = new NativeStreamInfo { StructSize = info->StructSize };
            Handles.Get<NativeStream>(stream).Describe(info);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_stream_destroy", CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint stream)
    {
        if (ForkCheck.IsChild)
            return;
        try
        {
            Handles.Remove<NativeStream>(stream)?.Dispose();
        }
        catch (Exception error)
        {
            _ = LastError.Set(error);
        }
    }
}
