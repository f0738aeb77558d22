using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// Files in and questions out: a long file against what the database's own tool makes of it, a wide one of a year, its rollups from nothing and of a corrected day, and how long
/// those wait who ask for it.
/// </summary>
internal static class ImportsBench
{
    private const int Corrections = 11;
    private const int Questions = 300;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(30);

    public static async Task<int> RunAsync(Settings settings, bool withPeers)
    {
        // A wide file of a year goes with ten million rows; fewer rows, fewer days.
        var (longDays, wideDays) = (MeterFiles.DaysFor(settings.Rows), Math.Clamp((int)(settings.Rows * 365L / 10_000_000), 1, 365));
        var (longFile, wideFile, wideAsLong) = (InFolder("long.csv"), InFolder("wide.csv"), InFolder("wide-as-long.csv"));
        var rows = MeterFiles.WriteLong(longFile, longDays);
        var values = MeterFiles.WriteWide(wideFile, wideDays);
        MeterFiles.WriteLong(wideAsLong, wideDays);
        Report.Say($"{rows:N0} rows in a long file of {Mb(longFile)} MB, {values:N0} values in a wide one of {Mb(wideFile)} MB");
        List<ImportsResult> runs = [];
        for (var run = 0; run < settings.Runs; run++)
        {
            var floor = rows / await CopyFloor.RunAsync(settings, longFile);
            Report.Say($"{floor:N0} rows/s by the database's own tool");
            var clustered = rows / await CopyFloor.ClusteredAsync(settings, longFile);
            var pgloader = withPeers && settings.Database == DatabaseKind.Postgres ? rows / await CopyFloor.PgloaderAsync(longFile) : null;
            var longs = await LoadAsync(settings, "long-csv", longFile, rows);
            Report.Say($"{longs.PerS:N0} rows/s into {Report.Name(settings.Database)}{(pgloader is null ? "" : $"; pgloader {pgloader:N0}")}");
            var wideFloor = values / await CopyFloor.RunAsync(settings, wideAsLong);
            Report.Say($"{wideFloor:N0} values/s by the database's own tool from the same as a long file");
            runs.Add(await WideAsync(settings, wideFile, wideDays, values) with
            {
                RowsPerS = longs.PerS, CopyPerS = floor, ClusteredPerS = clustered, CopyRatio = longs.PerS / floor, PgloaderPerS = pgloader, PgloaderRatio = longs.PerS / pgloader,
                CpuUsPerRow = longs.CpuUs, ServerCpuUsPerRow = longs.ServerCpuUs, WideCopyPerS = wideFloor, LongRssMb = longs.RssMb,
            });
            runs[^1] = runs[^1] with { WideCopyRatio = runs[^1].WideValuesPerS / wideFloor, RssMb = Math.Max(runs[^1].RssMb, longs.RssMb) };
            Console.WriteLine(Report.Line(runs[^1]));
        }

        Report.Finish("imports", settings, ImportsResult.Median(runs) with { Database = Report.Name(settings.Database), Rows = rows, WideValues = values, Runs = runs.Count, Commit = Report.Commit });
        return 0;

        string InFolder(string name) => Path.Combine(settings.Folder, name);
        static string Mb(string file) => (new FileInfo(file).Length / 1e6).ToString("N0", CultureInfo.InvariantCulture);
    }

    private static async Task<(double PerS, double CpuUs, double? ServerCpuUs, double RssMb)> LoadAsync(Settings settings, string profile, string file, long rows)
    {
        await using var database = await BenchDatabase.CreateAsync(settings, []);
        return await LoadAsync(settings, database, profile, file, rows, null);
    }

    private static async Task<(double PerS, double CpuUs, double? ServerCpuUs, double RssMb)> LoadAsync(Settings settings, BenchDatabase database, string profile, string file, long rows, Func<Child, Task>? then)
    {
        var folder = Directory.CreateDirectory(Path.Combine(settings.Folder, $"files_{Guid.NewGuid():N}"));
        try
        {
            await using var worker = Child.Start(MeasuredServer.ProductRuntimeSettings(), ImportsWorker.Verb, database.Address.Target, folder.FullName);
            await worker.ReadAsync();
            var server = await database.ServerAsync();
            var (cpu, serverCpu) = (ProcessUse.Of(worker.Id).CpuSeconds, server?.CpuSeconds() ?? 0);
            var seconds = Number(await worker.AskAsync($"import {profile} {file}", _patience));
            var use = ProcessUse.Of(worker.Id);
            serverCpu = (server?.CpuSeconds() ?? 0) - serverCpu;
            var stored = await database.ReadAsync(tx => tx.First<long>(new Sql("bench.samples", "select count(*) from sample")));
            if (stored != rows)
            {
                throw new BenchFault($"{rows} values were handed in and {stored} are stored");
            }

            await (then?.Invoke(worker) ?? Task.CompletedTask);
            await worker.EndAsync();
            return (rows / seconds, (use.CpuSeconds - cpu) * 1e6 / rows, server is null ? null : serverCpu * 1e6 / rows, use.PeakMb);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ImportsResult> WideAsync(Settings settings, string file, int days, long values)
    {
        await using var database = await BenchDatabase.CreateAsync(settings, []);
        var (rollup, corrected) = (0.0, new List<double>());
        var load = await LoadAsync(settings, database, "wide-half-hours", file, values, async worker =>
        {
            rollup = Number(await worker.AskAsync("rollup", _patience));
            Report.Say($"rolled up in {rollup:0.0} s");
            for (var n = 0; n < Corrections; n++)
            {
                var day = new DateTime(2025, 1, 1).AddDays(n * 31 % days);
                corrected.Add(1e3 * Number(await worker.AskAsync(string.Create(CultureInfo.InvariantCulture, $"correct {MeterFiles.Meter(n * 89 % MeterFiles.Meters)} {day:yyyy-MM-dd}"))));
            }
        });
        await using var server = await LiveTarget.OursAsync(database, clients: 1, "work");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Tokens[0]);
        const string year = "from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z";
        var byDay = await AskAsync(http, n => $"/api/readings/{MeterFiles.Meter(n)}/import?{year}&step=1d");
        var raw = await AskAsync(http, n => $"/api/readings/{MeterFiles.Meter(n)}/import?{year}&limit=20000");
        var newest = await AskAsync(http, _ => "/api/readings/latest?prefix=M");
        await server.EndAsync();
        return new ImportsResult
        {
            WideValuesPerS = load.PerS,
            WideCpuUsPerValue = load.CpuUs,
            RssMb = load.RssMb,
            RollupS = rollup,
            CorrectedDayMs = corrected.Order().ElementAt(Corrections / 2),
            QueryDayP50Ms = LiveRun.At(byDay, 0.5),
            QueryDayP99Ms = LiveRun.At(byDay, 0.99),
            QueryRawP50Ms = LiveRun.At(raw, 0.5),
            QueryRawP99Ms = LiveRun.At(raw, 0.99),
            LatestP50Ms = LiveRun.At(newest, 0.5),
            LatestP99Ms = LiveRun.At(newest, 0.99),
        };
    }

    /// <summary>One after the other, over other series each; those before the first are to warm up.</summary>
    private static async Task<List<double>> AskAsync(HttpClient http, Func<int, string> path)
    {
        var times = new List<double>();
        for (var n = -30; n < Questions; n++)
        {
            var began = Stopwatch.GetTimestamp();
            using var answer = await http.GetAsync(path((n + 30) * 37 % MeterFiles.Meters));
            var body = await answer.Content.ReadAsByteArrayAsync();
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchFault($"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}");
            }

            if (n >= 0)
            {
                times.Add(took);
            }
        }

        return [.. times.Order()];
    }

    private static double Number(string line) => JsonSerializer.Deserialize<double>(line);
}
