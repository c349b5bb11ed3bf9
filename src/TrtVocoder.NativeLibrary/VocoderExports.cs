using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of <c>trtvocoder_vocoder</c>; include/trtvocoder.h tells what each does.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into native code.")]
internal static unsafe class VocoderExports
{
    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_load_file", CallConvs = [typeof(CallConvCdecl)])]
    private static int LoadFile(byte* path, NativeOptions* options, nint* vocoder)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(vocoder, "vocoder");
            *vocoder = 0;
            if (NativeText.Read(path) is not { Length: > 0 } name)
                throw new ArgumentException("The path is NULL or empty.");
            LibraryFolder.Use();
            *vocoder = Handles.Add(new NativeVocoder(Vocoder.Load(name, OptionReader.Read(options))));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_load_memory", CallConvs = [typeof(CallConvCdecl)])]
    private static int LoadMemory(byte* model, long size, byte* name, NativeOptions* options, nint* vocoder)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(vocoder, "vocoder");
            *vocoder = 0;
            if (model is null || size <= 0)
                throw new ArgumentException($"The model is {(model is null ? "NULL" : $"of {size} bytes")}.");
            using UnmanagedMemoryStream stream = new(model, size);
            string source = NativeText.Read(name) is { Length: > 0 } told ? told : "the model";
            LibraryFolder.Use();
            *vocoder = Handles.Add(new NativeVocoder(Vocoder.Load(stream, OptionReader.Read(options), source)));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_get_info", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetInfo(nint vocoder, NativeInfo* info)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(info, "info");
            StructSize.Write(info, default, NativeInfo.FirstSize, "trtvocoder_info");
            StructSize.Write(info, Handles.Get<NativeVocoder>(vocoder).Describe(), NativeInfo.FirstSize, "trtvocoder_info");
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_get_sample_count", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetSampleCount(nint vocoder, int frames, int* samples)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Spans.CheckOut(samples, "samples");
            *samples = 0;
            Vocoder target = Handles.Get<NativeVocoder>(vocoder).Vocoder;
            ArgumentOutOfRangeException.ThrowIfNegative(frames);
            *samples = target.GetSampleCount(frames);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_copy_from_device", CallConvs = [typeof(CallConvCdecl)])]
    private static int CopyFromDevice(nint vocoder, int device, ulong source, byte* destination, long size)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeVocoder>(vocoder).CopyFromDevice(device, source, Spans.Of(destination, size, "destination"));
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_copy_to_device", CallConvs = [typeof(CallConvCdecl)])]
    private static int CopyToDevice(nint vocoder, int device, byte* source, ulong destination, long size)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            Handles.Get<NativeVocoder>(vocoder).CopyToDevice(device, Spans.Of(source, size, "source"), destination);
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_vocoder_destroy", CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint vocoder)
    {
        if (ForkCheck.IsChild)
            return;
        try
        {
            Handles.Remove<NativeVocoder>(vocoder)?.Leave();
        }
        catch (Exception error)
        {
            _ = LastError.Set(error);
        }
    }
}
