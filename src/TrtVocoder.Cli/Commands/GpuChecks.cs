using TrtVocoder.Bindings;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Commands;

/// <summary>What <c>doctor</c> says of the engine path: driver, GPUs, the shims, NVIDIA's libraries.</summary>
internal static class GpuChecks
{
    /// <summary>Ends the names of the checks for what TensorRT builds with.</summary>
    public const string BuilderSuffix = " builder";

    public static IEnumerable<DoctorCheck> All()
    {
        yield return CheckDriver();
        foreach (DoctorCheck gpu in CheckGpus())
            yield return gpu;
        foreach (NativeLibraryInfo shim in (NativeLibraryInfo[])[LibraryLoader.Shim10, LibraryLoader.Shim11])
        {
            LoadResult result = LibraryLoader.TryLoad(shim);
            yield return Optional(
                $"shim {shim.ImportName[^2..]}", result.Loaded,
                result.Loaded ? LoadedFiles.PathOf(result.Attempts[^1].Path) : result.Describe());
        }
        foreach (TensorRtFamily family in TensorRtFamily.All)
            foreach (DoctorCheck library in CheckTensorRt(family))
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
    private static List<DoctorCheck> CheckTensorRt(TensorRtFamily family)
    {
        string name = family.DisplayName;
        string parserName = $"{name} ONNX parser";
        try
        {
            using TensorRtLibrary library = TensorRtLibrary.Load(family.Flavour, family.Major);
            Version? computeCapability = FindComputeCapability();
            bool runs = computeCapability is null || family.RunsOn(computeCapability);
            DoctorCheck runtime = Optional(
                name, runs,
                $"{library.Version}, {LoadedFiles.PathOf(library.Path)} ({(runs ? "runs engines" : $"runs none on a GPU of compute capability {computeCapability}, as GPU 0: take TensorRT")})");
            try
            {
                library.LoadParser();
                DoctorCheck parser = Optional(parserName, true, $"{LoadedFiles.PathOf(library.ParserPath)} (builds engines)");
                return family.Flavour == EngineFlavour.TensorRt ? [runtime, parser, CheckBuilder(name, library, computeCapability)] : [runtime, parser];
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

    // Making a builder would tell, but takes seconds and the GPU.
    private static DoctorCheck CheckBuilder(string name, TensorRtLibrary library, Version? computeCapability)
    {
        (bool isFound, string text) = BuilderResources.Find(
            library.Version, computeCapability, BuilderResources.Folders(LoadedFiles.PathOf(library.Path)));
        return Optional(name + BuilderSuffix, isFound, text);
    }

    private static Version? FindComputeCapability()
    {
        try
        {
            return CudaDevice.GetCount() > 0 ? CudaDevice.Get(0).ComputeCapability : null;
        }
        catch (TrtVocoderException)
        {
            // The line of the GPU says why.
            return null;
        }
    }

    private static DoctorCheck Optional(string name, bool isFound, string text) => new(name, isFound, IsRequired: false, text);
}
