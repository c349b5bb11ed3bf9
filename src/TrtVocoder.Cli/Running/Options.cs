using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace TrtVocoder.Cli.Running;

/// <summary>
/// How options are made and checked: numbers as the invariant culture writes them and in no other way, choices from a list. What an option
/// refuses is a usage error.
/// </summary>
internal static class Options
{
    /// <summary>--force, which several commands have.</summary>
    public static Option<bool> Force(string description = "Replace existing files.") => new("--force", "-f") { Description = description };

    /// <summary>--floor, likewise.</summary>
    public static Option<float?> Floor(string description) =>
        new("--floor") { Description = description, CustomParser = argument => ParseFloor(argument) };

    /// <summary>--key, likewise.</summary>
    public static Option<string?> Key() =>
        new("--key") { Description = "Which array of an .npz or .safetensors file. Default: 'mel', or the only one." };

    /// <summary>A whole number that has a default.</summary>
    public static Option<int> Integer(
        string name, string description, int otherwise, int least = 0, int most = int.MaxValue, params string[] aliases) =>
        new(name, aliases) { Description = description, DefaultValueFactory = _ => otherwise, CustomParser = argument => ParseInteger(argument, name, least, most) ?? 0 };

    /// <summary>A whole number that may be left out.</summary>
    public static Option<int?> OptionalInteger(
        string name, string description, int least, int most = int.MaxValue, params string[] aliases) =>
        new(name, aliases) { Description = description, CustomParser = argument => ParseInteger(argument, name, least, most) };

    /// <summary>A number that has a default.</summary>
    public static Option<double> Number(string name, string description, double otherwise, double least, double most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => otherwise,
        CustomParser = argument => Parse(argument) is { } number && number >= least && number <= most
            ? number
            : Refuse<double>(argument, string.Create(CultureInfo.InvariantCulture,
                $"{name} must be {least} to {most}, with a decimal point where there is need of one.")),
    };

    /// <summary>One of a list of words, one of them the default.</summary>
    public static Option<string> Choice(string name, string description, string otherwise, string[] values, params string[] aliases)
    {
        Option<string> option = new(name, aliases) { Description = description, DefaultValueFactory = _ => otherwise };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    /// <summary>One of a list of words, or none.</summary>
    public static Option<string?> Choice(string name, string description, params string[] values)
    {
        Option<string?> option = new(name) { Description = description };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static float? ParseFloor(ArgumentResult argument) =>
        Parse(argument) is { } number && (float)number > 0 && float.IsFinite((float)number)
        ? (float)number
        : Refuse<float?>(argument, "--floor must be above 0: a number with a decimal point, like 0.00001 or 1e-5.");

    // No thousands separators: 0,00001 would be 1.
    private static double? Parse(ArgumentResult argument) => double.TryParse(
        Text(argument), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
        CultureInfo.InvariantCulture, out double number)
        && double.IsFinite(number) ? number : null;

    private static int? ParseInteger(ArgumentResult argument, string name, int least, int most) =>
        int.TryParse(Text(argument), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least
            && number <= most
            ? number
            : Refuse<int?>(argument, string.Create(
                CultureInfo.InvariantCulture, $"{name} must be {(most == int.MaxValue ? $"{least} or more" : $"{least} to {most}")}, a "
                    + $"whole number in digits alone."));

    private static string Text(ArgumentResult argument) => argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";

    private static T? Refuse<T>(ArgumentResult argument, string message)
    {
        argument.AddError($"'{Text(argument)}': {message}");
        return default;
    }
}
