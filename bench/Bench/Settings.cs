using System.Globalization;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>What is measured, as asked for on the command line.</summary>
internal sealed record Settings
{
    private const int MostNodes = 16;
    private const int UsualWarmup = 10;

    // Every process compiles its hot code for itself, in the background and for most of a minute; several would be charged with it several times.
    private const int WarmupToCompare = 60;

    public DatabaseKind Database { get; init; } = DatabaseKind.Sqlite;

    /// <summary>Polls per second that the plan asks for.</summary>
    public double Polls => Devices / (double)Interval;

    /// <summary>Polls per second when nothing else is said.</summary>
    public int UsualPolls { get; init; } = 5_000;

    public int Points { get; init; } = 10;

    /// <summary>Length of the measured window.</summary>
    public int Seconds { get; init; } = 60;

    public int Devices { get; init; }

    /// <summary>Seconds between two slots of a device.</summary>
    public int Interval { get; init; } = 1;

    /// <summary>Seconds from the moment everything is armed, and shared out, to the start of the window; 0 until read.</summary>
    public int Warmup { get; init; }

    public int Runs { get; init; } = 1;

    /// <summary>Jobs of the main part of a run of jobs.</summary>
    public int Count { get; init; } = 100_000;

    /// <summary>Rows of the long file of meter readings.</summary>
    public int Rows { get; init; } = 10_000_000;

    /// <summary>Jobs pass while somebody holds a snapshot.</summary>
    public bool Snapshot { get; init; }

    /// <summary>Jobs that lie there and are in nobody's way: scheduled, blocked by a full key, ready in a queue that is paused.</summary>
    public int Crowd { get; init; }

    /// <summary>Clients of the feed.</summary>
    public int Clients { get; init; } = 1_000;

    /// <summary>Events published, or requests made, per second.</summary>
    public int Rate { get; init; } = 50;

    /// <summary>Characters of text in each event.</summary>
    public int Size { get; init; } = 100;

    /// <summary>Clients are connected and nothing is published.</summary>
    public bool Idle { get; init; }

    /// <summary>Clients that stop reading.</summary>
    public int Stalled { get; init; }

    /// <summary>Server processes over one database.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Measures one, two and three nodes (or as many as asked for) in turn.</summary>
    public bool CompareNodes { get; init; }

    /// <summary>Length of a run of cluster-chaos.</summary>
    public int Minutes { get; private init; } = 10;

    /// <summary>Decides what happens in a run of cluster-chaos; null for chance.</summary>
    public int? Seed { get; private init; }

    /// <summary>Appends the result to bench/results.</summary>
    public bool Save { get; init; }

    /// <summary>Samples the stacks of the measured server, when dotnet-trace is installed.</summary>
    public bool Profile { get; init; }

    /// <summary>Where everything temporary goes; made and removed by bench/run.</summary>
    public string Folder { get; } = Environment.GetEnvironmentVariable("RONDO_BENCH_FOLDER") is { Length: > 0 } folder
        ? folder
        : throw new BenchFault("this program is started by bench/run");

    /// <param name="arguments">After the verb.</param>
    /// <param name="verb">Defaults of the verb; without devices their number follows from --polls.</param>
    public static Settings Read(ReadOnlySpan<string> arguments, Settings? verb = null)
    {
        var settings = verb ?? new Settings();
        int? devices = settings.Devices > 0 ? settings.Devices : null;
        var polls = settings.UsualPolls;
        var isCounted = false;
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            if (name is "--snapshot")
            {
                settings = settings with { Snapshot = true };
                continue;
            }

            if (name is "--idle")
            {
                settings = settings with { Idle = true };
                continue;
            }

            if (name is "--save" or "--profile" or "--compare-nodes")
            {
                settings = name switch
                {
                    "--save" => settings with { Save = true },
                    "--profile" => settings with { Profile = true },
                    _ => settings with { CompareNodes = true },
                };
                continue;
            }

            if (name.StartsWith("--peers", StringComparison.Ordinal))
            {
                // For bench/run, which makes them ready.
                continue;
            }

            if (++i == arguments.Length)
            {
                throw new BenchFault($"{name} needs a value");
            }

            var value = arguments[i];
            switch (name)
            {
                case "--database":
                    settings = settings with
                    {
                        Database = value switch
                        {
                            "sqlite" => DatabaseKind.Sqlite,
                            "postgres" => DatabaseKind.Postgres,
                            _ => throw new BenchFault($"--database {value}: expected sqlite or postgres"),
                        },
                    };
                    break;
                case "--polls": polls = Number(name, value, 1_000_000); break;
                case "--devices" or "--endpoints": devices = Number(name, value, 100_000); break;
                case "--points": settings = settings with { Points = Number(name, value, Meters.MostPoints) }; break;
                case "--seconds": settings = settings with { Seconds = Number(name, value, 86_400) }; break;
                case "--interval": settings = settings with { Interval = Number(name, value, 86_400) }; break;
                case "--warmup": settings = settings with { Warmup = Number(name, value, 3_600) }; break;
                case "--minutes": settings = settings with { Minutes = Number(name, value, 1_440) }; break;
                case "--seed": settings = settings with { Seed = Number(name, value, int.MaxValue) }; break;
                case "--count": settings = settings with { Count = Number(name, value, 10_000_000) }; isCounted = true; break;
                case "--rows": settings = settings with { Rows = Number(name, value, 100_000_000) }; break;
                case "--crowd": settings = settings with { Crowd = Number(name, value, 10_000_000) }; break;
                case "--clients": settings = settings with { Clients = Number(name, value, 20_000) }; break;
                case "--rate": settings = settings with { Rate = Number(name, value, 10_000) }; break;
                case "--size": settings = settings with { Size = Number(name, value, 60_000) }; break;
                case "--stalled": settings = settings with { Stalled = Number(name, value, 1_000) }; break;
                case "--runs": settings = settings with { Runs = Number(name, value, 99) }; break;
                case "--nodes": settings = settings with { Nodes = Number(name, value, MostNodes) }; break;
                default: throw new BenchFault($"{name} is not an option; see bench/run --help");
            }
        }

        var compares = settings.Nodes > 1 || settings.CompareNodes;
        return settings.Database == DatabaseKind.Sqlite && compares
            ? throw new BenchFault("a SQLite file has one server; several nodes need --database postgres")
            : settings with
            {
                // With a snapshot as many as are promised.
                Count = settings.Snapshot && !isCounted ? 1_800_000 : settings.Count,
                Devices = devices ?? polls * settings.Interval,
                Warmup = settings.Warmup > 0 ? settings.Warmup : compares ? WarmupToCompare : UsualWarmup,
            };
    }

    private static int Number(string name, string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : throw new BenchFault($"{name} {value}: expected a whole number from 1 to {most}");
}
