using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings.Generator;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Bindings.Tests;

/// <summary>What the C compiler makes of each header against what the C# compiler makes of its generated face.</summary>
public class LayoutTests
{
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly string[] Compilers = ["cc", "gcc", "clang"];

    private static IEnumerable<GenerationTarget> Targets => GenerationTarget.All;

    [TestCaseSource(nameof(Targets))]
    public void Sizes_offsets_and_values_agree_with_the_C_compiler(GenerationTarget target)
    {
        string root = BindingGenerator.FindRoot(AppContext.BaseDirectory);
        string probe = ProbeWriter.Write(BindingGenerator.Parse(root, target), Path.Combine(root, target.Header));
        string[] lines = CompileAndRun(probe);
        Assert.That(lines, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (string line in lines)
                Assert.That(Managed(line, target), Is.EqualTo(line), target.Header);
        }
    }

    // The same line as the probe's, from the C# side.
    private static string Managed(string line, GenerationTarget target)
    {
        string[] words = line.Split(' ');
        string[] names = words[1].Split('.');
        Assembly assembly = typeof(CudaDriver).Assembly;
        Type type = assembly.GetType("TrtVocoder.Bindings." + (words[0] is "constant" or "function" ? target.ClassName : names[0]), throwOnError: true)!;
        string numbers = words[0] switch
        {
            "constant" => Number(type.GetField(names[0], Everything)?.GetRawConstantValue()),
            "enum" or "struct" => Number(SizeOf(type)),
            "value" => Number(type.GetField(names[1], Everything)?.GetRawConstantValue()),
            "field" => Number(Marshal.OffsetOf(type, names[1])),
            "function" => Signature(type.GetMethod(names[0], Everything)),
            _ => "unknown line",
        };
        return $"{words[0]} {words[1]} {numbers}";
    }

    private static string Number(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "missing";

    private static string Signature(MethodInfo? method) => method is null
        ? "missing"
        : string.Join(' ', method.GetParameters().Select(parameter => SizeOf(parameter.ParameterType)).Prepend(SizeOf(method.ReturnType)));

    private static int SizeOf(Type type)
    {
        if (type == typeof(void))
            return 0;
        if (type.IsPointer || type.IsFunctionPointer)
            return IntPtr.Size;
        MethodInfo sizeOf = typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!;
        return (int)sizeOf.MakeGenericMethod(type).Invoke(null, null)!;
    }

    private static string[] CompileAndRun(string source)
    {
        string folder = Directory.CreateTempSubdirectory("trtvocoder-probe").FullName;
        try
        {
            string program = Path.Combine(folder, "probe");
            File.WriteAllText(program + ".c", source);
            foreach (string compiler in Compilers)
            {
                if (Run(compiler, ["-std=gnu11", "-Wall", "-Werror", "-o", program, program + ".c"], out string errors) is not { } exitCode)
                    continue;
                Assert.That(exitCode, Is.Zero, errors);
                Assert.That(Run(program, [], out string output), Is.Zero);
                return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }
            Needed.Missing($"No C compiler found (tried {string.Join(", ", Compilers)}): sizes and offsets cannot be compared.", Assert.Ignore);
            return [];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The exit code and all output; null when there is no such program.
    private static int? Run(string program, string[] arguments, out string output)
    {
        output = "";
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd() + errors.Result;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
