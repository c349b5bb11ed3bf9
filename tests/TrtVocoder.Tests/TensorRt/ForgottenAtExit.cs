using System.Diagnostics;
using System.Runtime.CompilerServices;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>A program that forgets its sessions, and collects what it forgot: once while it runs, once more while it ends.</summary>
internal static class ForgottenAtExit
{
    /// <summary>What the program says, when finalizers work while it runs and rest when it ends.</summary>
    public const string Said = "freed while it ran, left alone when it ended";

    /// <summary>The program.</summary>
    public static void Run(string engine)
    {
        if (Simulator.Use() is { } reason)
            throw new InvalidOperationException(reason);
        string nothing = Simulator.Live;
        Forget(engine);
        for (int i = 0; i < 20 && Simulator.Live != nothing; i++)
            Collect();
        Console.Write(Simulator.Live == nothing ? "freed while it ran, " : $"not freed while it ran: {Simulator.Live}, ");

        Forget(engine);
        string before = Simulator.Live;
        // Behind the library's own handler: they are called in their order.
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            for (int i = 0; i < 3; i++)
                Collect();
            Console.Write(Simulator.Live == before && before != nothing
                ? "left alone when it ended"
                : $"touched when it ended: {before} became {Simulator.Live}");
        };
    }

    /// <summary>Runs it as a process of its own.</summary>
    /// <returns>Its exit code and what it said.</returns>
    public static (int ExitCode, string Said) Start(string engine)
    {
        ProcessStartInfo start = new("dotnet", [typeof(ForgottenAtExit).Assembly.Location, nameof(ForgottenAtExit), engine])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said + error.Result);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(string engine)
    {
        Vocoder vocoder = Vocoder.Load(engine);
        VocoderSession session = vocoder.CreateSession();
        session.WarmUp(30);
        session.Decode(new float[100 * 30], 30);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
