using TrtVocoder.GpuTests;

// gpu_tests ENGINES                     every check, against ENGINES/{tiny,half-width}; closes with 'N passed, N failed, N skipped'
// gpu_tests time ENGINE FRAMES ROUNDS   one JSON line: decodes of one length, plain C++ and managed in turns, and their parts
// gpu_tests replay ENGINE LENGTHS       a JSON line a window policy: decodes of the lengths that a file lists
// gpu_tests layers ENGINE FRAMES        a JSON line a layer
return args switch
{
    ["time", string engine, string frames, string rounds] => Timing.Run(engine, int.Parse(frames), int.Parse(rounds)),
    ["replay", string engine, string lengths] => Replay.Run(engine, lengths),
    ["layers", string engine, string frames] => LayerTable.Run(engine, int.Parse(frames)),
    [string engines] => new Checks(engines).Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: gpu_tests ENGINES | time ENGINE FRAMES ROUNDS | replay ENGINE LENGTHS | layers ENGINE FRAMES");
    return 2;
}
