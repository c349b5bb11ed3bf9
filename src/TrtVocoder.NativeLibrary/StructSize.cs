namespace TrtVocoder.NativeLibrary;

/// <summary>Whether the caller was compiled with this version's header.</summary>
internal static class StructSize
{
    /// <exception cref="ArgumentException">It was not.</exception>
    public static void Check(uint told, int expected, string name)
    {
        if (told != expected)
            throw new ArgumentException(
                $"The struct_size of {name} is {told}, but this library's is {expected}: set it to sizeof({name}), of this version's header.");
    }
}
