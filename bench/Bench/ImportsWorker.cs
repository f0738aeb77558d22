using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Readings;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// The imports and rollups of a server in a process of its own, told by lines what to do: files go through the queue and its handler as they do there. Only that rollups come
/// when they are asked for, so that each is measured by itself.
/// </summary>
internal static class ImportsWorker
{
    public const string Verb = "imports-worker";
    private const long HalfHour = 1_800_000_000;
    private static readonly Sql _series = new("bench.series", "select source_id, ordinal from series where name = @name and retired_at is null");

    public static async Task<int> ServeAsync(string address, string folder)
    {
        await using var database = Database.Open(BenchDatabase.Parse(address), DatabaseUse.Server, TimeProvider.System);
        var chance = new Chance(1);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, chance, (loop, fault) => Report.Say($"{loop.Name}: {fault.Message}"), _ => { });
        var node = await Node.RegisterAsync(database, TimeProvider.System, "work", "bench", default);
        if (database.Address.Kind == DatabaseKind.Postgres)
        {
            supervisor.Start(new LeaseLoop(database, node, supervisor.CheckProgress, _ => { }, TimeProvider.System, NullLogger.Instance));
        }

        await using var hints = new Hints(database, TimeProvider.System);
        var options = new ImportOptions { Folder = folder };
        var events = new Live.Log.EventLog();
        var handlers = new JobHandlers().Add(ImportHandler.Kind, new ImportHandler(database, options, NullLogger.Instance, events, new Random(1)), ImportHandler.Options);
        var server = new JobServer(database, node, handlers, new JobsOptions(), TimeProvider.System, chance, hints.Send, NullLogger.Instance, events: events);
        await using var queue = new JobQueue(database, handlers, _ => server.Wake(), log: events);
        hints.Start(supervisor, chance);
        HistoryStore.Prepare(database, new JobsOptions());
        server.Start(supervisor, queue);
        var imports = new ImportOperations(database, queue, new JobOperations(database, handlers, new JobsOptions(), hints.Send), options, events, TimeProvider.System);
        var runner = new RollupRunner(database, Server.Rollups);
        Console.WriteLine("started");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            Console.WriteLine(line.Split(' ') switch
            {
                ["import", var profile, var file] => await ImportAsync(imports, profile, file),
                ["rollup"] => JsonSerializer.Serialize(await TimeAsync(async () => await runner.RunMarkedAsync())),
                ["correct", var meter, var day] => JsonSerializer.Serialize(await CorrectAsync(database, runner, $"{meter}/import", Instant.From(DateTime.Parse(day, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal)))),
                _ => throw new BenchFault($"what is “{line}”?"),
            });
        }

        await server.DrainAsync();
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await node.EndAsync();
        return 0;
    }

    private static async Task<string> ImportAsync(ImportOperations imports, string profile, string file)
    {
        var began = Stopwatch.GetTimestamp();
        await using var bytes = File.OpenRead(file);
        var added = await imports.AddAsync(new ImportRequest { File = Path.GetFileName(file), Profile = new ProfileCatalogue(null).Find(profile) }, bytes, default);
        while (true)
        {
            var row = (await imports.ShowAsync(added.Id))!.Row;
            if (row.StateNow == "done" && row.Rejected == 0)
            {
                return JsonSerializer.Serialize(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }

            if (row.StateNow is not ("queued" or "running"))
            {
                throw new BenchFault($"the import is {row.StateNow}, {row.Rejected} rows rejected: {row.LastError}");
            }

            await Task.Delay(20);
        }
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // As an import does it, in one transaction: the day is marked with the values.
    private static async Task<double> CorrectAsync(Database database, RollupRunner runner, string series, Instant day)
    {
        var writer = SampleWriter.For(database.Address.Kind);
        await database.WriteAsync("bench.correct", tx =>
        {
            var (source, ordinal) = tx.First<(long, int)>(_series, new { name = series });
            var rows = writer.Read(tx, [.. Enumerable.Range(0, MeterFiles.PerDay).Select(n => (source, day.Micros + (n * HalfHour)))]);
            foreach (var row in rows)
            {
                row.Set(ordinal, row.Get(ordinal)!.Value.Value + 1, SampleBatch.Good);
            }

            writer.Replace(tx, rows);
        });
        return await TimeAsync(async () => await runner.RunMarkedAsync());
    }
}
