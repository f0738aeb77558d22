using System.Globalization;
using System.Text;
using System.Text.Json;
using Rondo.Simulators.Modbus;
using Rondo.Storage;

namespace Rondo.SystemTests.Support;

/// <summary>
/// One installation of a test: an empty database, simulated gateways that remember what reached them (in the test's own process, so that they outlive
/// every kill), and the server, which is started as a user starts it and may be killed.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rondo-site-").FullName;

    private readonly int _units;

    private Site(ModbusSimulator simulator, int units)
    {
        Simulator = simulator;
        _units = units;
    }

    public ModbusSimulator Simulator { get; }

    /// <summary>Null on SQLite.</summary>
    public PrivatePostgres? Postgres { get; private set; }

    /// <summary>What stands before the server; null unless <see cref="GoThroughPgBouncerAsync"/> was called.</summary>
    public PrivatePgBouncer? PgBouncer { get; private set; }

    /// <summary>Where a gateway is found by those who poll it: by default where it is.</summary>
    public Func<SimulatedGateway, string> AddressOf { get; set; } = gateway => gateway.Endpoint.ToString();

    /// <summary>Environment variables of the server.</summary>
    public Dictionary<string, string?> ServerVariables { get; } = [];

    /// <summary>What <c>--database</c> takes.</summary>
    public string Database { get; private set; } = "";

    /// <summary>Path of the SQLite file.</summary>
    public string DatabaseFile => Database["sqlite:".Length..];

    public RondoProcess? Server { get; private set; }

    /// <param name="kind">Which database.</param>
    /// <param name="gateways">How many.</param>
    /// <param name="units">Units behind each.</param>
    /// <param name="folder">Where the SQLite file goes; null for a temporary folder.</param>
    /// <param name="arrivals">How many polls of each unit are remembered.</param>
    /// <param name="postgres">A server of its own; null to start an ordinary one.</param>
    public static async Task<Site> CreateAsync(DatabaseKind kind, int gateways, int units = 1, string? folder = null, int arrivals = 2_000, PrivatePostgres? postgres = null)
    {
        var simulator = await ModbusSimulator.StartAsync(
            new ModbusSimulatorOptions { Gateways = gateways, Units = units, ArrivalLog = arrivals * units }, TimeProvider.System, TestContext.Current.CancellationToken);
        var site = new Site(simulator, units);
        if (kind == DatabaseKind.Postgres)
        {
            site.Postgres = postgres ?? await PrivatePostgres.StartNewAsync();
            site.Database = await site.Postgres.CreateDatabaseAsync("rondo");
        }
        else
        {
            site.Database = "sqlite:" + Path.Combine(folder ?? site._folder, "rondo.db");
        }

        return site;
    }

    /// <summary>From now on everything goes through a PgBouncer in transaction mode.</summary>
    public async Task GoThroughPgBouncerAsync()
    {
        PgBouncer = await PrivatePgBouncer.StartNewAsync(Postgres!);
        Database = PgBouncer.Url("rondo") + "?pgbouncer=true";
    }

    /// <summary>A device file with one meter for every unit of every gateway, named <c>meter-GATEWAY-UNIT</c>.</summary>
    /// <param name="interval">As device files write it.</param>
    /// <param name="more">More settings of every device, YAML in braces: <c>response_timeout: 300ms</c>.</param>
    /// <param name="count">Only the first so many gateways.</param>
    public string DeviceFile(string interval = "1s", string more = "", int? count = null) => DeviceFile(_ => interval, more, count);

    /// <inheritdoc cref="DeviceFile(string, string, int?)"/>
    /// <param name="interval">By the number of the gateway.</param>
    public string DeviceFile(Func<int, string> interval, string more = "", int? count = null)
    {
        var text = new StringBuilder("devices:\n");
        foreach (var gateway in Simulator.Gateways.Take(count ?? int.MaxValue))
        {
            for (var unit = 1; unit <= _units; unit++)
            {
                text.Append(CultureInfo.InvariantCulture, $"  - {{ name: meter-{gateway.Number}-{unit}, address: \"{AddressOf(gateway)}\", unit: {unit}, profile: sdm630, interval: {interval(gateway.Number)}, ");
                text.Append(CultureInfo.InvariantCulture, $"points: [voltage_l1, current_l1, power_l1]{(more.Length > 0 ? ", " + more : "")} }}\n");
            }
        }

        return text.ToString();
    }

    /// <summary><c>rondo database migrate</c>, then <c>rondo devices apply</c>.</summary>
    public async Task PrepareAsync(string devices)
    {
        await CommandAsync("database", "migrate");
        await ApplyAsync(devices);
    }

    public async Task ApplyAsync(string devices)
    {
        var file = Path.Combine(_folder, "devices.yaml");
        await File.WriteAllTextAsync(file, devices);
        await CommandAsync("devices", "apply", file);
    }

    /// <summary>Runs a command on this database to a good end; what it printed.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        var (code, output, errors) = await PatientlyAsync([.. arguments, "--database", Database]);
        Assert.True(code == 0, $"rondo {string.Join(' ', arguments)} ended with {code}:\n{output}\n{errors}");
        return output;
    }

    /// <summary>Runs a command; where the machine was too busy for the database to answer in time, it does as a person does and tries again.</summary>
    public static async Task<(int Code, string Output, string Errors)> PatientlyAsync(params string[] arguments)
    {
        for (var tries = 1; ; tries++)
        {
            var ended = await RondoProcess.RunAsync(arguments);
            if (tries == 3 || !ended.Errors.Contains("did not answer in time", StringComparison.Ordinal))
            {
                return ended;
            }
        }
    }

    /// <summary>
    /// <c>rondo polling start|stop</c>, obeyed within 2 s; what a busy machine makes of it is chance, so one of three times is enough. Returns how many milliseconds it took.
    /// </summary>
    public async Task<double> ObeysAsync(string verb)
    {
        for (var tries = 1; ; tries++)
        {
            var (code, output, _) = await RondoProcess.RunAsync("polling", verb, "--json", "--database", Database);
            var said = JsonDocument.Parse(output).RootElement;
            var took = code == 0 && said.GetProperty("obeyed").GetBoolean() ? said.GetProperty("took_ms").GetDouble() : double.NaN;
            if (took <= 2_000)
            {
                return took;
            }

            Assert.True(tries < 3, $"polling {verb} ended with {code} after {took} ms: {output}");
            await RondoProcess.RunAsync("polling", verb == "stop" ? "start" : "stop", "--database", Database);
        }
    }

    /// <summary>A server of this database that is not yet waited for.</summary>
    public RondoProcess NewServer() => new(["serve", "--database", Database, "--roles", "poll"], ServerVariables);

    /// <summary>Starts the server and waits until its devices are armed.</summary>
    public async Task<RondoProcess> StartServerAsync()
    {
        for (var tries = 1; ; tries++)
        {
            var (server, isLast) = (NewServer(), tries == 3);
            Server = server;
            await server.UntilAsync(
                () => Task.FromResult(Array.Exists(server.Errors, line => line.Contains("Ready:", StringComparison.Ordinal)) || (!isLast && server.FoundNoDatabase)), "a line with “Ready:”");
            if (!server.FoundNoDatabase)
            {
                return server;
            }

            await server.DisposeAsync();
        }
    }

    /// <summary>Waits until so many requests have reached the gateways since now.</summary>
    public async Task UntilPolledAsync(long requests, TimeSpan? within = null)
    {
        var from = Simulator.Counters.Requests;
        await Server!.UntilAsync(() => Task.FromResult(Simulator.Counters.Requests - from >= requests), $"{requests} requests", within);
    }

    /// <summary>A clean stop; every slot up to the returned instant must have its outcome.</summary>
    public async Task<Instant> StopServerAsync()
    {
        var asked = Now;
        var code = await Server!.StopAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, $"the server ended with {code}:\n{string.Join('\n', Server.Errors.TakeLast(20))}");
        await Server.DisposeAsync();
        Server = null;
        return asked;
    }

    /// <summary>The clock of this machine, which is that of both databases too.</summary>
    public static Instant Now => Instant.From(DateTimeOffset.UtcNow);

    public async Task<T> ReadAsync<T>(Func<Transaction, T> work)
    {
        await using var database = Storage.Database.Open(DatabaseAddress.TryParse(Database, out _)!, DatabaseUse.Command, TimeProvider.System);
        await database.MeasureClockAsync();
        return await database.ReadAsync("test.read", work);
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        await Simulator.DisposeAsync();
        if (PgBouncer is not null)
        {
            await PgBouncer.DisposeAsync();
        }

        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
