using TrtVocoder.GpuTests;

// gpu_tests ENGINES                        every check, against ENGINES/{tiny,half-width}; closes with 'N passed, N failed, N skipped'
// gpu_tests time ENGINE FRAMES ITERATIONS  one JSON object: managed decodes, part by part
return args switch
{
    ["time", string engine, string frames, string iterations] => Timing.Run(engine, int.Parse(frames), int.Parse(iterations)),
    [string engines] => new Checks(engines).Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: gpu_tests ENGINES | gpu_tests time ENGINE FRAMES ITERATIONS");
    return 2;
}
