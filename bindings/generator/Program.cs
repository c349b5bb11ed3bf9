using TrtVocoder.Bindings.Generator;

// bindings/generator [--check | --probe CLASS]
//   (nothing)      writes every file below bindings/TrtVocoder.Bindings/Generated
//   --check        writes nothing; exit code 1 and one line a file when a header and its C# have drifted apart; closes with the counts
//   --probe CLASS  prints a C program that prints the header's sizes, offsets and values
string root = BindingGenerator.FindRoot(Directory.GetCurrentDirectory());
try
{
    switch (args)
    {
        case []:
            foreach (GenerationTarget target in GenerationTarget.All)
            {
                string path = Path.Combine(root, target.Output);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, BindingGenerator.Generate(root, target));
                Console.WriteLine(target.Output);
            }
            return 0;
        case ["--check"]:
            List<string> drift = [.. GenerationTarget.All.Select(target => BindingGenerator.Drift(root, target)).OfType<string>()];
            drift.ForEach(Console.Error.WriteLine);
            if (drift.Count > 0)
                Console.Error.WriteLine("Run: dotnet run --project bindings/generator");
            Console.WriteLine($"{GenerationTarget.All.Count - drift.Count} passed, {drift.Count} failed, 0 skipped");
            return drift.Count > 0 ? 1 : 0;
        case ["--probe", string name] when GenerationTarget.All.FirstOrDefault(target => target.ClassName == name) is { } probed:
            Console.Write(ProbeWriter.Write(BindingGenerator.Parse(root, probed), Path.Combine(root, probed.Header)));
            return 0;
        default:
            Console.Error.WriteLine("usage: dotnet run --project bindings/generator [--check | --probe CLASS]");
            return 2;
    }
}
catch (Exception error) when (error is InvalidDataException or IOException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
