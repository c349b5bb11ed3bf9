using System.Text;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Running;

/// <summary>The program's standard streams, of which any may be closed, full, or a pipe whose other end goes away.</summary>
internal sealed class StandardStreams : IDisposable
{
    private readonly GuardedStream _output;
    private readonly StreamWriter _outputWriter;
    private readonly StreamWriter _errorWriter;

    private StandardStreams()
    {
        _output = new GuardedStream(Open(Descriptors.Output, Console.OpenStandardOutput));
        _outputWriter = new StreamWriter(_output, new UTF8Encoding(false), bufferSize: 4096);
        _errorWriter = new StreamWriter(new GuardedStream(Open(Descriptors.Error, Console.OpenStandardError)), new UTF8Encoding(false), bufferSize: 1024) { AutoFlush = true };
    }

    /// <summary>Takes the place of .NET's own writers.</summary>
    public static StandardStreams Install()
    {
        StandardStreams streams = new();
        Console.SetOut(streams._outputWriter);
        Console.SetError(streams._errorWriter);
        return streams;
    }

    /// <summary>Sends what was printed on its way; says why that cannot be done, or null.</summary>
    public string? Finish()
    {
        _outputWriter.Flush();
        return _output.Failure;
    }

    public void Dispose()
    {
        _outputWriter.Dispose();
        _errorWriter.Dispose();
    }

    private static Stream? Open(int descriptor, Func<Stream> otherwise) =>
        !OperatingSystem.IsLinux() ? otherwise() : Descriptors.IsInherited(descriptor) ? new DescriptorStream(descriptor) : null;
}
