using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>The API while the same process polls: requests begin at their time whether or not earlier ones were answered.</summary>
internal static class ApiBench
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    public static Settings Defaults { get; } = new() { Seconds = 30, Warmup = 5, Rate = 200, UsualPolls = 1_000 };

    public static async Task<int> RunAsync(Settings settings)
    {
        await using var simulators = await SimulatorFleet.StartAsync(settings.Devices);
        await using var database = await BenchDatabase.CreateAsync(settings, Meters.Of(simulators.Endpoints, settings.Points, settings.Interval));
        await using var server = await LiveTarget.OursAsync(database, clients: 1, "poll");
        var began = Stopwatch.GetTimestamp();
        while (State(await server.StateAsync()).Groups < settings.Devices)
        {
            if (Stopwatch.GetElapsedTime(began) > _patience)
            {
                throw new BenchFault($"the devices were not armed within {_patience.TotalSeconds} s");
            }

            await Task.Delay(50);
        }

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Tokens[0]);
        await AskAsync(http, settings, settings.Warmup);
        var from = new Instant(State(await server.StateAsync()).Now);
        var cpu = server.Use.CpuSeconds;
        var answers = await AskAsync(http, settings, settings.Seconds);
        cpu = server.Use.CpuSeconds - cpu;
        var to = new Instant(State(await server.StateAsync()).Now);
        await server.EndAsync();
        var facts = await database.ReadAsync(tx => LedgerFacts.Read(tx, from, to));
        var paths = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var group in answers.GroupBy(a => a.What))
        {
            paths[group.Key] = P99(group);
        }

        var failed = answers.Count(a => !a.IsGood);
        Report.Finish("api", settings, new ApiResult
        {
            Database = Report.Name(settings.Database),
            Rate = settings.Rate,
            Seconds = settings.Seconds,
            RequestsPerS = answers.Count / (double)settings.Seconds,
            FailedRequests = failed,
            P50Ms = LiveRun.At([.. answers.Select(a => a.Ms).Order()], 0.5),
            P99Ms = P99(answers),
            P99MsByPath = paths,
            PollsPerS = (facts.Ok + facts.Partial + facts.Failed) / (to - from).TotalSeconds,
            Missed = facts.Missed,
            LatenessP99Ms = facts.LatenessP99Ms,
            CpuS = cpu,
            Commit = Report.Commit,
        });
        return failed == 0 ? 0 : 1;
    }

    // What a dashboard asks for.
    private static (string What, string Path) Request(int n, int devices)
    {
        var meter = $"meter-{n * 7919 % devices:00000}";
        return (n % 6) switch
        {
            0 => ("devices", "/api/devices?limit=100"),
            1 => ("device", $"/api/devices/{meter}"),
            2 => ("readings", $"/api/readings/{meter}/voltage_l1?limit=100"),
            3 => ("polling status", "/api/polling/status"),
            4 => ("queues", "/api/queues"),
            _ => ("live", "/api/live"),
        };
    }

    private static async Task<List<Answer>> AskAsync(HttpClient http, Settings settings, int seconds)
    {
        var asking = new List<Task<Answer>>();
        var began = Stopwatch.GetTimestamp();
        for (var n = 0; n < settings.Rate * seconds; n++)
        {
            var due = TimeSpan.FromSeconds(n / (double)settings.Rate) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            var (what, path) = Request(n, settings.Devices);
            asking.Add(OneAsync(http, what, path));
        }

        return [.. await Task.WhenAll(asking)];
    }

    private static async Task<Answer> OneAsync(HttpClient http, string what, string path)
    {
        var began = Stopwatch.GetTimestamp();
        using var answer = await http.GetAsync(path);
        var body = await answer.Content.ReadAsStringAsync();
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (!answer.IsSuccessStatusCode)
        {
            Report.Say($"{path}: {(int)answer.StatusCode} {body}");
        }

        return new Answer(what, took, answer.IsSuccessStatusCode);
    }

    private static double P99(IEnumerable<Answer> answers) => LiveRun.At([.. answers.Select(a => a.Ms).Order()], 0.99);

    private static LiveServerState State(string line) => JsonSerializer.Deserialize<LiveServerState>(line) ?? throw new BenchFault("the server said nothing");

    private readonly record struct Answer(string What, double Ms, bool IsGood);

    private sealed record ApiResult
    {
        public required string Database { get; init; }

        public required int Rate { get; init; }

        public required int Seconds { get; init; }

        public required double RequestsPerS { get; init; }

        public required int FailedRequests { get; init; }

        public required double P50Ms { get; init; }

        public required double P99Ms { get; init; }

        public required SortedDictionary<string, double> P99MsByPath { get; init; }

        public required double PollsPerS { get; init; }

        public required long Missed { get; init; }

        public required double LatenessP99Ms { get; init; }

        public required double CpuS { get; init; }

        public required string Commit { get; init; }
    }
}
