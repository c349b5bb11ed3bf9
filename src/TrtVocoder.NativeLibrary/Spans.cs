namespace TrtVocoder.NativeLibrary;

/// <summary>C's arrays.</summary>
internal static unsafe class Spans
{
    /// <exception cref="ArgumentException">It is NULL, or longer than .NET can handle.</exception>
    /// <remarks>Of 128 bits, which no product of sizes goes beyond: one that did in 64 could look like a small one.</remarks>
    public static Span<T> Of<T>(T* pointer, Int128 length, string name)
        where T : unmanaged
    {
        if (length < 0 || length > int.MaxValue)
            throw new ArgumentException($"The {name} has {length} values; 0 to {int.MaxValue} are possible.");
        return pointer is not null || length == 0 ? new Span<T>(pointer, (int)length) : throw new ArgumentException($"The {name} is NULL.");
    }

    /// <exception cref="ArgumentException">The out parameter is NULL.</exception>
    public static void CheckOut(void* pointer, string name)
    {
        if (pointer is null)
            throw new ArgumentException($"The out parameter {name} is NULL.");
    }
}
