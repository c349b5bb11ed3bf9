namespace TrtVocoder.Bindings.Generator;

/// <summary>The blittable C# type of each C type: handles are <c>nint</c>, <c>char</c> is <c>byte</c> (UTF-8), callbacks are function pointers.</summary>
public sealed class TypeMap(HeaderModel model)
{
    private static readonly Dictionary<string, string> Builtin = new()
    {
        ["void"] = "void",
        ["char"] = "byte",
        ["int8_t"] = "sbyte",
        ["uint8_t"] = "byte",
        ["unsigned char"] = "byte",
        ["int16_t"] = "short",
        ["uint16_t"] = "ushort",
        ["int"] = "int",
        ["int32_t"] = "int",
        ["unsigned"] = "uint",
        ["unsigned int"] = "uint",
        ["uint32_t"] = "uint",
        ["int64_t"] = "long",
        ["uint64_t"] = "ulong",
        ["size_t"] = "nuint",
        ["intptr_t"] = "nint",
        ["uintptr_t"] = "nuint",
        ["float"] = "float",
        ["double"] = "double",
    };

    private static readonly HashSet<string> Keywords =
    [
        "base", "bool", "checked", "decimal", "delegate", "event", "fixed", "in", "internal", "is", "lock", "namespace", "new", "object",
        "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "sealed", "string", "this", "value",
    ];

    /// <summary>The C# name of a parameter or field.</summary>
    public static string Escape(string name) => Keywords.Contains(name) ? "@" + name : name;

    /// <summary>The C# type of a parameter, field or result.</summary>
    /// <exception cref="NotSupportedException">There is none of the same size everywhere (<c>long</c>, <c>bool</c>), or the type is not declared.</exception>
    public string Map(CType type)
    {
        if (type.Pointee is not null)
            return MapPointer(type.Pointee);
        if (Builtin.TryGetValue(type.Name, out string? builtin))
            return builtin + new string('*', type.Pointers);
        if (model.Enums.Any(candidate => candidate.Name == type.Name) || model.Structs.Any(candidate => candidate.Name == type.Name))
            return type.Name + new string('*', type.Pointers);
        if (model.Aliases.TryGetValue(type.Name, out CType? alias))
            return alias.Pointee is null
                ? Map(alias with { Pointers = alias.Pointers + type.Pointers })
                : Map(alias) + new string('*', type.Pointers);
        if (model.OpaqueStructs.Contains(type.Name) && type.Pointers > 0)
            return "nint" + new string('*', type.Pointers - 1);
        throw new NotSupportedException($"'{type.Spelling}' has no C# counterpart of the same size everywhere, or is not declared.");
    }

    /// <summary>The C# function pointer to a function.</summary>
    public string MapPointer(CFunction function) =>
        $"delegate* unmanaged[Cdecl]<{string.Join(", ", function.Parameters.Select(parameter => Map(parameter.Type)).Append(Map(function.Result)))}>";
}
