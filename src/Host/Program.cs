using Rondo.Host.Commands;

using var signals = new StopSignals();
return await Cli.RunAsync(args, Shell.OfProcess(signals.Stop));
