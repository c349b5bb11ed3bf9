using TrtVocoder.Bindings;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Commands;

/// <summary>What <c>doctor</c> says of the engine path: driver, GPUs, the shims, NVIDIA's libraries.</summary>
internal static class GpuChecks
{
    public static IEnumerable<DoctorCheck> All()
    {
        yield return CheckDriver();
        foreach (DoctorCheck gpu in CheckGpus())
            yield return gpu;
        foreach (NativeLibraryInfo shim in (NativeLibraryInfo[])[LibraryLoader.Shim10, LibraryLoader.Shim11])
        {
            LoadResult result = LibraryLoader.TryLoad(shim);
            yield return Optional($"shim {shim.ImportName[^2..]}", result.Loaded, result.Loaded ? LoadedFiles.PathOf(result.Attempts[^1].Path) : result.Describe());
        }
        foreach ((string name, EngineFlavour flavour, int major) in ((string, EngineFlavour, int)[])
            [("TensorRT 10", EngineFlavour.TensorRt, 10), ("TensorRT 11", EngineFlavour.TensorRt, 11), ("TensorRT-RTX", EngineFlavour.TensorRtRtx, 1)])
            foreach (DoctorCheck library in CheckTensorRt(name, flavour, major))
                yield return library;
    }

    private static DoctorCheck CheckDriver()
    {
        const string Name = "NVIDIA driver";
        LoadResult driver = LibraryLoader.TryLoad(LibraryLoader.Cuda);
        if (!driver.Loaded)
            return Optional(Name, false, driver.Describe());
        try
        {
            return Optional(Name, true, $"up to CUDA {CudaDevice.GetDriverVersion()}, {LoadedFiles.PathOf(driver.Attempts[^1].Path)}");
        }
        catch (TrtVocoderException error)
        {
            return Optional(Name, false, error.Message);
        }
    }

    private static List<DoctorCheck> CheckGpus()
    {
        List<DoctorCheck> gpus = [];
        try
        {
            int count = CudaDevice.GetCount();
            for (int i = 0; i < count; i++)
                gpus.Add(Optional($"GPU {i}", true, CudaDevice.Get(i).ToString()));
        }
        catch (NativeLibraryException)
        {
            gpus.Add(Optional("GPU", false, "cannot be looked for without the driver"));
        }
        catch (TrtVocoderException error)
        {
            gpus.Add(Optional("GPU", false, error.Message));
        }
        return gpus;
    }

    // Loading the libraries and asking for their versions needs no GPU, and starts nothing on one.
    private static List<DoctorCheck> CheckTensorRt(string name, EngineFlavour flavour, int major)
    {
        string parserName = $"{name} ONNX parser";
        try
        {
            using TensorRtLibrary library = TensorRtLibrary.Load(flavour, major);
            DoctorCheck runtime = Optional(name, true, $"{library.Version}, {LoadedFiles.PathOf(library.Path)} (runs engines)");
            try
            {
                library.LoadParser();
                return [runtime, Optional(parserName, true, $"{LoadedFiles.PathOf(library.ParserPath)} (builds engines)")];
            }
            catch (TrtVocoderException error)
            {
                return [runtime, Optional(parserName, false, error.Message)];
            }
        }
        catch (TrtVocoderException error)
        {
            return [Optional(name, false, error.Message)];
        }
    }

    private static DoctorCheck Optional(string name, bool isFound, string text) => new(name, IsRequired: false, isFound, text);
}
