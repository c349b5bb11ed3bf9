using System.Globalization;
using System.Runtime.CompilerServices;

namespace TrtVocoder.Internal;

/// <summary>Checks an option where it is set, so that the mistake shows at the line that made it. Messages are one line and name the option.</summary>
internal static class OptionCheck
{
    /// <summary>A whole number within bounds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static int Within(int value, int least, int most = int.MaxValue, [CallerMemberName] string option = "") =>
        value >= least && value <= most ? value : throw OutOfRange(option, value, most == int.MaxValue ? $"{least} or more" : $"{least} to {most}");

    /// <summary>The same, or nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is neither.</exception>
    public static int? Within(int? value, int least, int most = int.MaxValue, [CallerMemberName] string option = "") =>
        value is { } number ? Within(number, least, most, option) : null;

    /// <summary>A finite number above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static float Positive(float value, [CallerMemberName] string option = "") =>
        value > 0 && float.IsFinite(value) ? value : throw OutOfRange(option, value, "a finite number above 0");

    /// <summary>One of an enumeration's own values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static T Defined<T>(T value, [CallerMemberName] string option = "")
        where T : struct, Enum =>
        Enum.IsDefined(value) ? value : throw OutOfRange(option, value, string.Join(" or ", Enum.GetNames<T>()));

    /// <summary>Something.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public static T NotNull<T>(T value, [CallerMemberName] string option = "")
        where T : class
    {
        ArgumentNullException.ThrowIfNull(value, option);
        return value;
    }

    /// <summary>A text that holds something, or none at all.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public static string? NotEmpty(string? value, [CallerMemberName] string option = "") =>
        value is not "" ? value : throw new ArgumentException($"{option} is empty; expected a text, or null.", option);

    // Not .NET's own way to tell the value, which makes two lines of it.
    private static ArgumentOutOfRangeException OutOfRange(string option, object value, string expected) =>
        new(option, string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; expected {expected}."));
}
