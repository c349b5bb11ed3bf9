return TrtVocoder.Cli.CommandLine.Run(args);
