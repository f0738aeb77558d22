using System.Diagnostics;
using System.Globalization;
using System.Net;
using Npgsql;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// Several nodes that own many endpoints and poll none of them: whatever they ask the database now is the price of being several, of obeying and of knowing the time.
/// </summary>
internal static class CoordinationBench
{
    private const int Shown = 10;
    private static readonly string[] _others = ["audit", "live", "rollups", "quality", "secrets", "jobs", "imports", "access", "pusher"];

    // What it may take until shares are even, on a busy machine.
    private static readonly TimeSpan _startUp = TimeSpan.FromMinutes(4);

    // A server looks through its ledger half a minute after its start: that belongs to starting.
    public static readonly Settings Defaults = new() { Database = DatabaseKind.Postgres, Devices = 10_000, Interval = 3_600, Nodes = 3, Warmup = 40 };

    public static async Task<int> RunAsync(Settings settings)
    {
        if (settings.Database == DatabaseKind.Sqlite)
        {
            throw new BenchFault("coordination is between nodes, and a SQLite file has one server; it runs on PostgreSQL only");
        }

        if (settings.Runs > 1 || settings.Profile || settings.CompareNodes)
        {
            throw new BenchFault("coordination is counted and does not vary: it knows no --runs, --profile and --compare-nodes");
        }

        await using var database = await BenchDatabase.CreateAsync(settings, Meters.Of(Addresses(settings.Devices), settings.Points, Interval(settings), isAligned: true));
        await TidyAsync(database);
        await using var servers = await MeasuredFleet.StartAsync(database, settings.Devices, settings.Nodes);
        var postgres = (await database.ServerAsync())!;
        await using var counts = await StatementCounts.OpenAsync(new NpgsqlConnectionStringBuilder(database.Address.Target).Database!);
        Report.Say(string.Create(CultureInfo.InvariantCulture,
            $"{settings.Nodes} node(s) up after {servers.StartedMs:0} ms, all armed after {servers.ArmedMs:0} ms, shares even after {servers.EvenMs:0} ms; waiting {settings.Warmup} s"));
        await Task.Delay(TimeSpan.FromSeconds(settings.Warmup));

        var transactions = await counts.TransactionsAsync();
        await counts.ResetAsync();
        var databaseCpu = postgres.CpuSeconds();
        var begin = await servers.LookAsync();
        var clock = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(settings.Seconds));
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var end = await servers.LookAsync();
        databaseCpu = postgres.CpuSeconds() - databaseCpu;
        var statements = await counts.ReadAsync();
        transactions = await counts.TransactionsAsync() - transactions;


        // Where none was begun, each statement was a transaction; better known than from the sessions, of which one that touches no table never tells of its own.
        var isEachAlone = !statements.Exists(statement => statement.Name.StartsWith("BEGIN", StringComparison.OrdinalIgnoreCase));
        RequireIdle(begin, end);
        await servers.StopAsync();
        await database.ProveAsync(end.Now);
        foreach (var statement in statements)
        {
            Report.Say(string.Create(CultureInfo.InvariantCulture,
                $"{statement.Calls / seconds,8:0.000}/s {statement.Milliseconds / statement.Calls,8:0.000} ms  {statement.Name}"));
        }

        Report.Finish("coordination", settings, new
        {
            CoordinationPerS = statements.Where(statement => !IsOthers(statement.Name)).Sum(statement => statement.Calls) / seconds,
            StatementsPerS = statements.Sum(statement => statement.Calls) / seconds,
            TransactionsPerS = (isEachAlone ? statements.Sum(statement => statement.Calls) : transactions) / seconds,
            ByStatement = statements.Take(Shown).Select(statement => new { Statement = Cut(statement.Name), PerS = statement.Calls / seconds, Ms = statement.Milliseconds / statement.Calls }),
            CpuUsPerSNodes = (end.CpuSeconds - begin.CpuSeconds) * 1e6 / seconds,
            CpuUsPerSPostgres = databaseCpu * 1e6 / seconds,
            settings.Nodes,
            Endpoints = settings.Devices,
            settings.Seconds,
            EndpointsPerNode = end.Endpoints,
            servers.EvenMs,
            RssMb = end.Uses.Sum(use => use.ResidentMb),
            Database = Report.Name(settings.Database),
            Report.Commit,
        });
        return 0;
    }

    /// <summary>Addresses of the network that is set aside for measuring (RFC 2544): nobody is there, and nobody is called.</summary>
    private static IPEndPoint[] Addresses(int count) =>
        [.. Enumerable.Range(0, count).Select(index => new IPEndPoint(new IPAddress([198, 18, (byte)(index / 250), (byte)((index % 250) + 1)]), 502))];

    /// <summary>Slots are at the full interval: one is taken that has none until the measurement is over.</summary>
    private static int Interval(Settings settings)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var until = now + settings.Seconds + settings.Warmup + (long)_startUp.TotalSeconds;
        return Enumerable.Range(1, 24).Select(factor => settings.Interval * factor).FirstOrDefault(interval => now / interval == until / interval) is > 0 and var found
            ? found
            : throw new BenchFault($"every multiple of {settings.Interval} s has a slot within the measurement; a longer --interval or fewer --seconds would do");
    }

    /// <summary>A database that has been there for a while: its statistics are up to date, so autovacuum has nothing to do in the window.</summary>
    private static async Task TidyAsync(BenchDatabase database)
    {
        await using var link = await database.OpenAsync();
        await using var vacuum = new NpgsqlCommand("vacuum analyze", link) { CommandTimeout = 300 };
        await vacuum.ExecuteNonQueryAsync();
    }

    private static void RequireIdle(FleetMoment begin, FleetMoment end)
    {
        if (end.Polls > begin.Polls || end.Batches > begin.Batches || !begin.Endpoints.SequenceEqual(end.Endpoints))
        {
            throw new BenchFault($"the window was not idle: {end.Polls - begin.Polls} polls, {end.Batches - begin.Batches} batches, endpoints "
                + $"{string.Join(" + ", begin.Endpoints)} at its begin and {string.Join(" + ", end.Endpoints)} at its end");
        }
    }

    /// <summary>What a server does besides being one of several: the feed, the trail, rollups, secrets and jobs look for work of their own, and one node alone would as well.</summary>
    private static bool IsOthers(string statement) =>
        _others.Any(prefix => statement.StartsWith($"/* {prefix}.", StringComparison.Ordinal) || statement.StartsWith($"{prefix}.", StringComparison.Ordinal));

    private static string Cut(string text) => text.Length <= 80 ? text : text[..79] + "…";
}
