using System.Text;

namespace TrtVocoder.Bindings.Generator;

/// <summary>
/// Writes a C program that prints what the C compiler makes of a header: sizes, offsets, enum values, macros, and the sizes of each
/// function's result and parameters. It does not compile when the parser has misread a declaration.
/// </summary>
public static class ProbeWriter
{
    /// <summary>The program's text. Each printed line is <c>kind name numbers…</c>.</summary>
    /// <param name="model">The parsed header.</param>
    /// <param name="headerPath">Path for its #include.</param>
    public static string Write(HeaderModel model, string headerPath)
    {
        StringBuilder c = new();
        c.Append("#include <stddef.h>\n#include <stdio.h>\n#include \"").Append(headerPath).Append("\"\n\n");
        foreach (CFunction function in model.Functions)
        {
            string parameters = function.Parameters.Count == 0 ? "void" : string.Join(", ", function.Parameters.Select(parameter => parameter.Type.Spelling));
            c.Append($"_Static_assert(__builtin_types_compatible_p(__typeof__({function.Name}), {function.Result.Spelling}({parameters})), \"{function.Name}\");\n");
        }
        c.Append("\nint main(void)\n{\n");
        foreach (CConstant constant in model.Constants)
            c.Append($"    printf(\"constant {constant.Name} %lld\\n\", (long long)({constant.Name}));\n");
        foreach (CEnum type in model.Enums)
        {
            string spelling = Spelling(type.Name, "enum", model);
            c.Append($"    printf(\"enum {type.Name} %zu\\n\", sizeof({spelling}));\n");
            foreach (CConstant value in type.Values)
                c.Append($"    printf(\"value {type.Name}.{value.Name} %lld\\n\", (long long)({value.Name}));\n");
        }
        foreach (CStruct type in model.Structs)
        {
            string spelling = Spelling(type.Name, "struct", model);
            c.Append($"    printf(\"struct {type.Name} %zu\\n\", sizeof({spelling}));\n");
            foreach (CField field in type.Fields)
                c.Append($"    printf(\"field {type.Name}.{field.Name} %zu\\n\", offsetof({spelling}, {field.Name}));\n");
        }
        foreach (CFunction function in model.Functions)
        {
            IEnumerable<CType> types = function.Parameters.Select(parameter => parameter.Type).Prepend(function.Result);
            List<string> sizes = [.. types.Select(type => IsVoid(type) ? "(size_t)0" : $"sizeof({type.Spelling})")];
            c.Append($"    printf(\"function {function.Name}{string.Concat(sizes.Select(_ => " %zu"))}\\n\", {string.Join(", ", sizes)});\n");
        }
        c.Append("    return 0;\n}\n");
        return c.ToString();
    }

    private static bool IsVoid(CType type) => type is { Name: "void", Pointers: 0 };

    // A type with a tag only needs the keyword.
    private static string Spelling(string name, string keyword, HeaderModel model) => model.TagOnly.Contains(name) ? $"{keyword} {name}" : name;
}
