using System.Reflection;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Architecture.Tests;

/// <summary>How much of the core hosts see. What they see, member by member, stands in its PublicAPI files.</summary>
public sealed class PublicFaceTests
{
    // With the pool, its options and its lease, the streams and their layout, and the scheduler, its options and its statistics, which every
    // host would write.
    private const int MaxPublicTypes = 55;

    [Test]
    public void The_core_has_few_public_types()
    {
        Type[] types = typeof(Vocoder).Assembly.GetExportedTypes();
        TestContext.Progress.WriteLine($"public types of {typeof(Vocoder).Assembly.GetName().Name}: {types.Length} (at most {MaxPublicTypes})");

        Assert.That(types, Has.Length.LessThanOrEqualTo(MaxPublicTypes), "what is added is made internal, or takes another's place");
    }

    [Test]
    public void No_public_name_is_one_of_the_frameworks_or_of_ONNX_Runtimes()
    {
        HashSet<string> taken =
        [
            .. typeof(object).Assembly.GetExportedTypes().Concat(typeof(Enumerable).Assembly.GetExportedTypes())
                .Where(type => type.Namespace is "System" or "System.IO" or "System.Collections.Generic" or "System.Linq" or "System.Threading" or "System.Threading.Tasks")
                .Select(type => type.Name),
            .. Assembly.Load("Microsoft.ML.OnnxRuntime").GetExportedTypes().Select(type => type.Name),
        ];

        Assert.That(typeof(Vocoder).Assembly.GetExportedTypes().Select(type => type.Name).Where(taken.Contains), Is.Empty);
    }
}
