using System.Globalization;
using System.Text.RegularExpressions;

namespace TrtVocoder.Files;

/// <summary>The dictionary at the head of a .npy file: <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (1, 100, 3), }</c>.</summary>
internal sealed partial record NpyHeader(string ElementType, bool IsFortranOrder, int[] Shape)
{
    private const int MaxRank = 32;

    /// <summary>The number of values.</summary>
    public int Count => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Reads the dictionary's text, which Python would evaluate; here only its three known entries are understood.</summary>
    public static NpyHeader Parse(string text, string name)
    {
        Match type = TypePattern().Match(text);
        Match order = OrderPattern().Match(text);
        Match shape = ShapePattern().Match(text);
        if (!order.Success || !shape.Success)
            throw new DataFormatException($"{name} is not a usable .npy file: its header lacks 'fortran_order' or 'shape'.");
        if (!type.Success)
            throw new DataFormatException($"{name} holds records or objects, expected one array of numbers.");

        string[] sizes = shape.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (sizes.Length > MaxRank)
            throw new DataFormatException($"{name} has {sizes.Length} axes; at most {MaxRank} are supported.");
        int[] parsed = new int[sizes.Length];
        long count = 1;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (!int.TryParse(sizes[i].TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out parsed[i]))
                throw new DataFormatException($"{name} is not a usable .npy file: '{sizes[i]}' in its shape is not a size.");
            count *= parsed[i];
            if (count > Array.MaxLength / sizeof(double))
                throw new DataFormatException($"{name} has the shape [{string.Join(", ", sizes)}], which is too large.");
        }
        return new NpyHeader(type.Groups[1].Value, order.Groups[1].Value == "True", parsed);
    }

    [GeneratedRegex(@"['""]descr['""]\s*:\s*['""]([^'""]{1,16})['""]")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"['""]fortran_order['""]\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"['""]shape['""]\s*:\s*\(([^()]*)\)")]
    private static partial Regex ShapePattern();
}
