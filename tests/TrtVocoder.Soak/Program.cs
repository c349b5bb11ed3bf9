using System.Globalization;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Soak;
using TrtVocoder.TestSupport;

// TrtVocoder.Soak [REQUESTS]: the web service on the loopback, 32 clients, for so many requests (20000) or ten minutes.
int requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
string folder = Directory.CreateTempSubdirectory("trtv-soak").FullName;
try
{
    string model = Path.Combine(folder, "tiny.onnx");
    OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-center")), model);
    SoakResult result = await ServiceSoak.RunAsync(model, new SoakOptions(requests, TimeSpan.FromMinutes(10)), Console.Error.WriteLine);
    Console.Write(result);
    int wrong = result.Faults.Count;
    Console.WriteLine($"{result.Endings.Values.Sum()} passed, {wrong} failed, 0 skipped");
    return wrong == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
