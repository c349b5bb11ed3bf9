namespace TrtVocoder.Bindings.Generator;

/// <summary>Everything a header declares, in its order.</summary>
public sealed class HeaderModel
{
    /// <summary>The first comment of the file.</summary>
    public string Comment { get; set; } = "";

    public List<CConstant> Constants { get; } = [];

    public List<CEnum> Enums { get; } = [];

    public List<CStruct> Structs { get; } = [];

    /// <summary>Names of structs that are declared but not defined: handles.</summary>
    public HashSet<string> OpaqueStructs { get; } = [];

    /// <summary>Names of structs and enums that C knows by their tag alone, with no typedef.</summary>
    public HashSet<string> TagOnly { get; } = [];

    /// <summary>typedef name → the type it stands for.</summary>
    public Dictionary<string, CType> Aliases { get; } = [];

    public List<CFunction> Functions { get; } = [];
}

/// <summary><c>#define NAME integer</c>.</summary>
public sealed record CConstant(string Name, long Value, string Comment);

/// <summary>An enum with its values worked out.</summary>
public sealed record CEnum(string Name, IReadOnlyList<CConstant> Values, string Comment);

/// <summary>A struct with its fields.</summary>
public sealed record CStruct(string Name, IReadOnlyList<CField> Fields, string Comment);

/// <summary>A field, or a function's parameter.</summary>
public sealed record CField(string Name, CType Type, string Comment);

/// <summary>A function declaration.</summary>
public sealed record CFunction(string Name, CType Result, IReadOnlyList<CField> Parameters, string Comment);

/// <summary>A type as it is spelled: a name with pointers, or a pointer to a function.</summary>
/// <param name="Name">The base type's name; empty for a pointer to a function.</param>
/// <param name="Pointers">How many <c>*</c> follow.</param>
/// <param name="Spelling">The C text, as the probe program repeats it.</param>
public sealed record CType(string Name, int Pointers, string Spelling)
{
    /// <summary>Elements of an array field; 0 when it is none.</summary>
    public int ArrayLength { get; init; }

    /// <summary>The signature, when this is a pointer to a function.</summary>
    public CFunction? Pointee { get; init; }
}
