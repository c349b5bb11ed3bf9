using System.Runtime.InteropServices;
using System.Text;

namespace TrtVocoder.TensorRt;

/// <summary>A name as the shim takes it: UTF-8, ending in 0, at an address that never changes, so that a decode need not convert it.</summary>
internal sealed class Utf8Name
{
    private readonly byte[] _bytes;

    public Utf8Name(string text)
    {
        _bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text) + 1, pinned: true);
        Encoding.UTF8.GetBytes(text, _bytes);
    }

    /// <summary>Valid while this object is referenced.</summary>
    public unsafe byte* Pointer => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
}
