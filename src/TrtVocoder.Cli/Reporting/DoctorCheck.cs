namespace TrtVocoder.Cli.Reporting;

/// <summary>One thing that <c>doctor</c> looked for.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsRequired">Whether decoding on the CPU needs it.</param>
/// <param name="IsFound">Whether it is there.</param>
/// <param name="Text">Version and place, or what to do.</param>
internal sealed record DoctorCheck(string Name, bool IsRequired, bool IsFound, string Text)
{
    public string Mark => IsFound ? "ok      " : IsRequired ? "missing " : "optional";
}
