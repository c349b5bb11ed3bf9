using System.Runtime.InteropServices;

namespace TrtVocoder.Dsp;

/// <summary>Zeroed floats outside the managed heap, aligned for SIMD and for FFTW's new-array execute functions.</summary>
internal sealed unsafe class AlignedBuffer : IDisposable
{
    /// <summary>Alignment in bytes: a cache line, and more than any vector needs.</summary>
    public const int Alignment = 64;

    /// <summary>Allocates <paramref name="length"/> floats.</summary>
    public AlignedBuffer(int length)
    {
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), Alignment);
        new Span<float>(Pointer, length).Clear();
    }

    ~AlignedBuffer() => Free();

    /// <summary>The first float; null once disposed.</summary>
    public float* Pointer { get; private set; }

    /// <summary>The next whole number of cache lines, in floats.</summary>
    public static int RoundUp(int floats) => (floats + 15) & ~15;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
