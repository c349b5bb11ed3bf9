using TrtVocoder.GpuTests;

// gpu_tests ENGINES [--without GROUP]...       every check; closes with 'N passed, N failed, N skipped'
// gpu_tests time ENGINE FRAMES ROUNDS [BATCH]  one JSON line: decodes of one length, plain C++ and managed in turns, and their parts
// gpu_tests replay ENGINE LENGTHS              a JSON line a window policy: decodes of the lengths that a file lists
// gpu_tests stream ENGINE WHOLE CHUNK ROUNDS   one JSON line: pushes through an engine with state, and through one of the whole network, in turns
// gpu_tests mels FOLDER                        the mels whose whole decodes 'run.sh pack' makes on the CPU
// gpu_tests layers ENGINE FRAMES               a JSON line a layer
try
{
    return args switch
    {
        ["time", string engine, string frames, string rounds] => Timing.Run(engine, int.Parse(frames), int.Parse(rounds), batch: 1),
        ["time", string engine, string frames, string rounds, string batch] => Timing.Run(engine, int.Parse(frames), int.Parse(rounds), int.Parse(batch)),
        ["replay", string engine, string lengths] => Replay.Run(engine, lengths),
        ["stream", string engine, string whole, string chunk, string rounds] => StreamChecks.Time(engine, whole, int.Parse(chunk), int.Parse(rounds)),
        ["mels", string folder] => FormAnswers.WriteMels(folder),
        ["layers", string engine, string frames] => LayerTable.Run(engine, int.Parse(frames)),
        [string engines, .. string[] options] when !engines.StartsWith('-') => Check(engines, options),
        _ => Usage(),
    };
}
catch (Exception failure)
{
    Console.Error.WriteLine($"gpu_tests: {failure.Message}");
    return 1;
}

static int Check(string engines, string[] options)
{
    List<string> leftOut = [];
    for (int i = 0; i < options.Length; i += 2)
    {
        if (options[i] != "--without" || i + 1 == options.Length)
            return Usage();
        leftOut.Add(options[i + 1]);
    }
    CheckRun run = new(leftOut);
    EngineFolder folder = new(engines, packed: AppContext.BaseDirectory);
    AccuracyChecks.Run(run, folder);
    FormChecks.Run(run, folder);
    RefusalChecks.Run(run, folder);
    RunChecks.Run(run, folder);
    StreamChecks.Run(run, folder);
    return run.Close();
}

static int Usage()
{
    Console.Error.WriteLine("usage: gpu_tests ENGINES [--without GROUP]... | time ENGINE FRAMES ROUNDS [BATCH] | replay ENGINE LENGTHS | stream ENGINE WHOLE CHUNK ROUNDS | layers ENGINE FRAMES | mels FOLDER");
    return 2;
}
