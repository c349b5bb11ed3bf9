namespace TrtVocoder.NativeLibrary;

/// <summary>Whether the caller was compiled with this version's header, or with one that this version still serves.</summary>
internal static unsafe class StructSize
{
    /// <exception cref="ArgumentException">It was not.</exception>
    public static void Check(uint told, int expected, string name)
    {
        if (told != expected)
            throw new ArgumentException(
                $"The struct_size of {name} is {told}, but this library's is {expected}: set it to sizeof({name}), of this version's header.");
    }

    /// <summary>A struct of the caller's whose first field is its size; what an earlier header did not have is 0.</summary>
    /// <param name="told">The caller's.</param>
    /// <param name="earlier">Its size in an earlier header.</param>
    /// <param name="name">Its name in C.</param>
    /// <exception cref="ArgumentException">It is of neither size.</exception>
    public static T Read<T>(T* told, int earlier, string name)
        where T : unmanaged
    {
        uint size = Accept<T>(*(uint*)told, earlier, name);
        T all = default;
        Buffer.MemoryCopy(told, &all, sizeof(T), size);
        return all;
    }

    /// <summary>The same of a struct that is filled in: as much of it as the caller's header has.</summary>
    /// <exception cref="ArgumentException">It is of neither size.</exception>
    public static void Write<T>(T* told, in T all, int earlier, string name)
        where T : unmanaged
    {
        uint size = Accept<T>(*(uint*)told, earlier, name);
        fixed (T* values = &all)
            Buffer.MemoryCopy(values, told, size, size);
        *(uint*)told = size;
    }

    private static uint Accept<T>(uint size, int earlier, string name)
        where T : unmanaged
    {
        if (size != earlier)
            Check(size, sizeof(T), name);
        return size;
    }
}
