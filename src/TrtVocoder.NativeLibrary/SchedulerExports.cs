using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of <c>trtvocoder_scheduler</c>; include/trtvocoder.h tells what each does.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into native code.")]
internal static unsafe class SchedulerExports
{
    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_create", CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(nint vocoder, NativeSchedulerOptions* options, nint* scheduler)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(scheduler, "scheduler");
            *scheduler = 0;
            *scheduler = Handles.Add(new NativeScheduler(Handles.Get<NativeVocoder>(vocoder), options));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_warm_up", CallConvs = [typeof(CallConvCdecl)])]
    private static int WarmUp(nint scheduler)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeScheduler>(scheduler).WarmUp();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_submit", CallConvs = [typeof(CallConvCdecl)])]
    private static int Submit(
        nint scheduler, float* mel, int frames, delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> callback,
        void* user, long* ticket)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (ticket is not null)
                *ticket = 0;
            long accepted = Handles.Get<NativeScheduler>(scheduler).Submit(mel, frames, callback, user);
            if (ticket is not null)
                *ticket = accepted;
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_cancel", CallConvs = [typeof(CallConvCdecl)])]
    private static int Cancel(nint scheduler, long ticket)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeScheduler>(scheduler).Cancel(ticket);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_wait_for_room", CallConvs = [typeof(CallConvCdecl)])]
    private static int WaitForRoom(nint scheduler, int windows, int timeoutMs)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeScheduler>(scheduler).WaitForRoom(windows, timeoutMs);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_get_window_count", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetWindowCount(nint scheduler, int frames, int* windows)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(windows, "windows");
            *windows = 0;
            *windows = Handles.Get<NativeScheduler>(scheduler).GetWindowCount(frames);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_get_memory", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetMemory(nint scheduler, long* deviceBytes, long* hostBytes)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(deviceBytes, "device_bytes");
            Spans.CheckOut(hostBytes, "host_bytes");
            (*deviceBytes, *hostBytes) = (0, 0);
            (*deviceBytes, *hostBytes) = Handles.Get<NativeScheduler>(scheduler).GetMemory();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_get_statistics", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetStatistics(nint scheduler, NativeSchedulerStatistics* statistics)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(statistics, "statistics");
            StructSize.Check(statistics->StructSize, sizeof(NativeSchedulerStatistics), "trtvocoder_scheduler_statistics");
            Handles.Get<NativeScheduler>(scheduler).GetStatistics(statistics);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_destroy", CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint scheduler)
    {
        if (ForkCheck.IsChild)
            return;
        try
        {
            Handles.Remove<NativeScheduler>(scheduler)?.Dispose();
        }
        catch (Exception error)
        {
            _ = LastError.Set(error);
        }
    }
}
