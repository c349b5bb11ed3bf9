using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of <c>trtvocoder_scheduler</c>; include/trtvocoder.h tells what each does.</summary>
internal static unsafe class SchedulerExports
{
    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_create", CallConvs = [typeof(CallConvCdecl)])]
    internal static int Create(nint vocoder, NativeSchedulerOptions* options, nint* scheduler) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_warm_up", CallConvs = [typeof(CallConvCdecl)])]
    internal static int WarmUp(nint scheduler) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_submit", CallConvs = [typeof(CallConvCdecl)])]
    internal static int Submit(
        nint scheduler, float* mel, int frames, delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> callback,
        void* user, long* ticket) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_cancel", CallConvs = [typeof(CallConvCdecl)])]
    internal static int Cancel(nint scheduler, long ticket) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_wait_for_room", CallConvs = [typeof(CallConvCdecl)])]
    internal static int WaitForRoom(nint scheduler, int windows, int timeoutMs) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_get_window_count", CallConvs = [typeof(CallConvCdecl)])]
    internal static int GetWindowCount(nint scheduler, int frames, int* windows) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_get_statistics", CallConvs = [typeof(CallConvCdecl)])]
    internal static int GetStatistics(nint scheduler, NativeSchedulerStatistics* statistics) => NotYet();

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_scheduler_destroy", CallConvs = [typeof(CallConvCdecl)])]
    internal static void Destroy(nint scheduler)
    {
    }

    private static int NotYet() => LastError.Set(new NotSupportedException("The scheduler is not there yet."));
}
