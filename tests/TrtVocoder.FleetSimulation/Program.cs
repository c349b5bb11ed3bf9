using TrtVocoder.FleetSimulation;

const string Usage = """
    check [--seed N]       one instance under 1 to 64 clients, simulated from the run times alone, beside what was measured
    windows [--seed N]     the same with other windows and lanes
    day [--seed N] [--factor F] [--start SECONDS]
                           fleets of 1 to 1,000 instances over a day: answer time against instance-hours; run times are
                           multiplied by F, and an instance takes SECONDS (180) to start
    """;

try
{
    return Reports.Run(args, Console.Out);
}
catch (FormatException error)
{
    Console.Error.WriteLine($"{error.Message}\n{Usage}");
    return 2;
}
