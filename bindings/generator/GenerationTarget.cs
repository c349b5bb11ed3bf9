namespace TrtVocoder.Bindings.Generator;

/// <summary>How a library's functions are reached.</summary>
public enum BindingStyle
{
    /// <summary>Static [LibraryImport] methods: one library of that name in a process.</summary>
    Imports,

    /// <summary>
    /// An object that holds function pointers: several libraries with the same exports can be loaded side by side (the shims of
    /// TensorRT 10 and 11).
    /// </summary>
    Table,
}

/// <summary>One header and what is made of it.</summary>
/// <param name="Header">Path of the header below the repository's root.</param>
/// <param name="ClassName">Name of the C# class that holds functions and constants, and of the file.</param>
/// <param name="Library">The library name that the resolver knows; null where the header has no functions.</param>
/// <param name="Style">How its functions are reached.</param>
public sealed record GenerationTarget(string Header, string ClassName, string? Library, BindingStyle Style)
{
    private const string OutputFolder = "bindings/TrtVocoder.Bindings/Generated";

    /// <summary>Every header of this repository.</summary>
    public static IReadOnlyList<GenerationTarget> All { get; } =
    [
        new("native/kernels/trtvocoder_kernels.h", "TrtvKernels", null, BindingStyle.Imports),
        new("native/include/trtvocoder_shim.h", "TrtvShim", "trtvocoder", BindingStyle.Table),
        new("bindings/headers/cuda.h", "CudaDriver", "cuda", BindingStyle.Imports),
        new("bindings/headers/fftw3f.h", "Fftw", "fftw3f", BindingStyle.Imports),
        new("bindings/headers/soxr.h", "Soxr", "soxr", BindingStyle.Imports),
    ];

    /// <summary>Path of the C# file below the repository's root.</summary>
    public string Output => $"{OutputFolder}/{ClassName}.cs";
}
