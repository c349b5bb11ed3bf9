namespace TrtVocoder.Cli.Running;

/// <summary>What the process ends with; documented in --help and docs/cli.md, and never renumbered.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Internal = 1;
    public const int Usage = 2;
    public const int BadInput = 3;
    public const int FileSystem = 4;
    public const int MissingLibrary = 5;
    public const int Gpu = 6;
    public const int OutOfMemory = 7;
    public const int Server = 8;
    public const int Cancelled = 130;

    public const string Help = """
          0  done
          1  internal error: a bug in this program, or a part of it is missing
          2  the command line is wrong
          3  the input is damaged or does not fit the model
          4  file system: input missing, output exists already (--force replaces it), no such folder, disk full, no permission, a stream that failed
          5  a library, driver or GPU is missing
          6  CUDA or TensorRT failed, TensorRT refuses the engine or the network, or a new engine sounds wrong
          7  not enough memory
          8  a server is not there, refuses, or answers nothing of KServe's protocol v2
        130  cancelled by Ctrl-C, SIGTERM or SIGHUP
        """;
}
