using System.Reflection;

namespace TrtVocoder.Cli.Running;

/// <summary>Which version of the program this is.</summary>
internal static class ProgramVersion
{
    /// <summary>For people: <c>0.1.0</c>.</summary>
    public static string Text =>
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
