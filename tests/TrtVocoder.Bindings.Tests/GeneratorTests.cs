using TrtVocoder.Bindings.Generator;

namespace TrtVocoder.Bindings.Tests;

public class GeneratorTests
{
    private static readonly GenerationTarget Imports = new("sample.h", "Sample", "sample", BindingStyle.Imports);
    private static readonly GenerationTarget Table = Imports with { Style = BindingStyle.Table };

    private static IEnumerable<GenerationTarget> Targets => GenerationTarget.All;

    [TestCaseSource(nameof(Targets))]
    public void Checked_in_bindings_say_what_the_header_says(GenerationTarget target) =>
        Assert.That(BindingGenerator.Drift(BindingGenerator.FindRoot(AppContext.BaseDirectory), target), Is.Null);

    [Test]
    public void Drift_names_the_file_the_line_and_both_sides()
    {
        string root = Directory.CreateTempSubdirectory().FullName;
        try
        {
            GenerationTarget target = new("sample.h", "Sample", "sample", BindingStyle.Imports);
            File.WriteAllText(Path.Combine(root, "sample.h"), "int32_t f(void);");
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, target.Output))!);
            Assert.That(BindingGenerator.Drift(root, target), Does.Contain("missing"));
            File.WriteAllText(Path.Combine(root, target.Output), BindingGenerator.Generate(root, target));
            Assert.That(BindingGenerator.Drift(root, target), Is.Null);
            File.WriteAllText(Path.Combine(root, "sample.h"), "int64_t f(void);");
            Assert.That(BindingGenerator.Drift(root, target), Does.Contain("int f()").And.Contain("long f()").And.Contain("line "));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [TestCase("int32_t f(const char* path, float* out);", "public static partial int f(byte* path, float* @out);")]
    [TestCase("void f(void);", "public static partial void f();")]
    [TestCase("uint64_t f(size_t n, unsigned int flags, unsigned u);", "public static partial ulong f(nuint n, uint flags, uint u);")]
    [TestCase("typedef struct engine engine; void f(engine* e, engine** made, const engine* c);", "public static partial void f(nint e, nint* made, nint c);")]
    [TestCase("typedef struct handle_st* handle; void f(handle h, handle* made);", "public static partial void f(nint h, nint* made);")]
    [TestCase("typedef void (*log_fn)(void* user, int32_t severity, const char* text); void f(log_fn log);", "f(delegate* unmanaged[Cdecl]<void*, int, byte*, void> log);")]
    [TestCase("typedef float pair[1]; void g(void);", null)]
    [TestCase("void f(int64_t dims[8]);", "public static partial void f(long* dims);")]
    [TestCase("#define API __attribute__((visibility(\"default\")))\nAPI int32_t f(void);", "public static partial int f();")]
    [TestCase("#define NOTHROW\nint32_t f(int32_t a) NOTHROW;", "public static partial int f(int a);")]
    [TestCase("enum kind { A, B = 4, C }; void f(enum kind k);", "C = 5,")]
    [TestCase("#define N (1u << 4)\nenum e { X = N | 1, Y = -2 };", "X = 17,")]
    [TestCase("#define BIG 0xFFFFFFFF\n", "public const uint BIG = 4294967295;")]
    [TestCase("struct s { int32_t a; const char* b; int64_t d[8]; void (*cb)(void*); };", "public fixed long d[8];")]
    [TestCase("/** Adds.\n *\n *  Errors: none.\n */\nint32_t f(void);", "/// <para>Errors: none.</para>")]
    [TestCase("enum e { A /**< the first, < B */ };", "/// <summary>the first, &lt; B</summary>")]
    [TestCase("#ifdef __cplusplus\nextern \"C\" {\n#endif\nint32_t f(void);\n#ifdef __cplusplus\n}\n#endif", "public static partial int f();")]
    public void C_becomes_CSharp(string header, string? expected)
    {
        if (expected is null)
            Assert.That(() => HeaderParser.Parse(header), Throws.TypeOf<HeaderException>());
        else
            Assert.That(new CSharpWriter(HeaderParser.Parse(header), Imports).Write(), Does.Contain(expected));
    }

    [Test]
    public void A_table_resolves_each_export_by_its_name() =>
        Assert.That(
            new CSharpWriter(HeaderParser.Parse("int32_t f(float* x);"), Table).Write(),
            Does.Contain("_f = (delegate* unmanaged[Cdecl]<float*, int>)resolve(\"f\");").And.Contain("public int f(float* x) => _f(x);"));

    [TestCase("int32_t f(void)", "line 1: expected ';'")]
    [TestCase("/* never ends", "line 1: a comment does not end")]
    [TestCase("\nint32_t f(int32_t a,\n  int32_t b:3);", "line 3: expected")]
    [TestCase("struct s { union { int a; float b; } u; };", "line 1: expected")]
    [TestCase("enum e { A = sizeof(int) };", "line 1: expected an integer, found 'sizeof'")]
    [TestCase("int32_t f(...);", "unexpected character '.'")]
    public void C_outside_the_subset_is_refused_by_line(string header, string message) =>
        Assert.That(() => HeaderParser.Parse(header), Throws.TypeOf<HeaderException>().With.Message.Contains(message));

    [TestCase("long f(void);")]
    [TestCase("void f(long double x);")]
    [TestCase("void f(bool x);")]
    [TestCase("void f(FILE* x);")]
    public void Types_of_no_fixed_size_are_refused(string header) =>
        Assert.That(
            () => new CSharpWriter(HeaderParser.Parse(header), Imports).Write(),
            Throws.TypeOf<NotSupportedException>().Or.TypeOf<HeaderException>());
}
