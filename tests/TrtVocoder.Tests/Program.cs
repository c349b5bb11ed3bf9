using TrtVocoder.Tests.TensorRt;

namespace TrtVocoder.Tests;

/// <summary>What tests do in a process of its own: this assembly is its program too.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [nameof(ForgottenAtExit), var engine]:
                ForgottenAtExit.Run(engine);
                return 0;
            default:
                Console.Error.WriteLine("This is a library of tests: run 'dotnet test'.");
                return 1;
        }
    }
}
