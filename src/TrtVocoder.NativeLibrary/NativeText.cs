using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TrtVocoder.NativeLibrary;

/// <summary>A string for C: UTF-8, ending in 0, at an address that stays as long as this object.</summary>
internal sealed unsafe class NativeText
{
    private readonly byte[] _bytes;

    public NativeText(string text)
    {
        _bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text) + 1, pinned: true);
        Encoding.UTF8.GetBytes(text, _bytes);
    }

    /// <summary>"".</summary>
    public static byte* Empty => Literal("\0"u8);

    public byte* Pointer => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);

    /// <summary>A string of C's; null for NULL.</summary>
    public static string? Read(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    /// <summary>The address of a literal that ends in 0: its bytes are part of the program and never move.</summary>
    public static byte* Literal(ReadOnlySpan<byte> text) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(text));
}
