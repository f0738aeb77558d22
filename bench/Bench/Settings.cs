using System.Globalization;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>What is measured, as asked for on the command line.</summary>
internal sealed record Settings
{
    public DatabaseKind Database { get; private init; } = DatabaseKind.Sqlite;

    /// <summary>Polls per second that the plan asks for.</summary>
    public double Polls => Devices / (double)Interval;

    public int Points { get; private init; } = 10;

    /// <summary>Length of the measured window.</summary>
    public int Seconds { get; private init; } = 60;

    public int Devices { get; private init; }

    /// <summary>Seconds between two slots of a device.</summary>
    public int Interval { get; private init; } = 1;

    /// <summary>Seconds from the moment everything is armed to the start of the window.</summary>
    public int Warmup { get; private init; } = 10;

    public int Runs { get; private init; } = 1;

    /// <summary>Length of a run of cluster-chaos.</summary>
    public int Minutes { get; private init; } = 10;

    /// <summary>Decides what happens in a run of cluster-chaos; null for chance.</summary>
    public int? Seed { get; private init; }

    /// <summary>Appends the result to bench/results.</summary>
    public bool Save { get; private init; }

    /// <summary>Samples the stacks of the measured server, when dotnet-trace is installed.</summary>
    public bool Profile { get; private init; }

    /// <summary>Where everything temporary goes; made and removed by bench/run.</summary>
    public string Folder { get; } = Environment.GetEnvironmentVariable("RONDO_BENCH_FOLDER") is { Length: > 0 } folder
        ? folder
        : throw new BenchFault("this program is started by bench/run");

    /// <param name="arguments">After the verb.</param>
    /// <param name="devices">Default of the verb; null derives it from --polls.</param>
    /// <param name="interval">Default of the verb.</param>
    public static Settings Read(ReadOnlySpan<string> arguments, int? devices = null, int interval = 1)
    {
        var settings = new Settings { Interval = interval };
        var polls = 5_000;
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            if (name is "--save" or "--profile")
            {
                settings = name == "--save" ? settings with { Save = true } : settings with { Profile = true };
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
                case "--devices": devices = Number(name, value, 100_000); break;
                case "--points": settings = settings with { Points = Number(name, value, Meters.MostPoints) }; break;
                case "--seconds": settings = settings with { Seconds = Number(name, value, 86_400) }; break;
                case "--interval": settings = settings with { Interval = Number(name, value, 86_400) }; break;
                case "--warmup": settings = settings with { Warmup = Number(name, value, 3_600) }; break;
                case "--minutes": settings = settings with { Minutes = Number(name, value, 1_440) }; break;
                case "--seed": settings = settings with { Seed = Number(name, value, int.MaxValue) }; break;
                case "--runs": settings = settings with { Runs = Number(name, value, 99) }; break;
                default: throw new BenchFault($"{name} is not an option; see bench/run --help");
            }
        }

        return settings with { Devices = devices ?? polls * settings.Interval };
    }

    private static int Number(string name, string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : throw new BenchFault($"{name} {value}: expected a whole number from 1 to {most}");
}
