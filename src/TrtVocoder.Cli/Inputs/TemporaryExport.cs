using System.Runtime.CompilerServices;
using TrtVocoder.Cli.Running;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Inputs;

/// <summary>A checkpoint as an .onnx file for as long as it is needed: gone afterwards, also when the process is told to end.</summary>
internal static class TemporaryExport
{
    /// <summary>Writes the model, and passes its path on.</summary>
    /// <param name="checkpoint">What is exported.</param>
    /// <param name="name">The file's name without extension.</param>
    /// <param name="options">The form.</param>
    /// <param name="use">What needs the file.</param>
    /// <exception cref="IOException">There is no place for it; a sentence that names TMPDIR.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Use<T>(VocosCheckpoint checkpoint, string name, OnnxExportOptions options, Func<string, T> use)
    {
        string folder = TemporaryFiles.CreateFolder();
        try
        {
            string model = Path.Combine(folder, name + ".onnx");
            Write(checkpoint, model, options);
            return use(model);
        }
        finally
        {
            TemporaryFiles.DeleteFolder(folder);
        }
    }

    private static void Write(VocosCheckpoint checkpoint, string model, OnnxExportOptions options)
    {
        try
        {
            OnnxExporter.Export(checkpoint, model, options);
        }
        catch (IOException error)
        {
            throw CliException.FileSystem(
                $"The temporary model cannot be written to {Path.GetTempPath()}: {WriteFailure.Reason(error.InnerException ?? error)}; "
                    + $"set TMPDIR to a folder with room.", error);
        }
    }
}
