using System.CommandLine;
using Rondo.Diagnostics;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling status</c>.</summary>
internal static class PollingStatusCommand
{
    private static readonly string[] _columns =
        ["device", "status", "owner", "last slot", "next slot", "last success", "fails", "ok", "partial", "failed", "missed", "1h", "24h", "7d", "took p50/p99", "late p50/p99", "last error"];

    public static Command Create(Cli cli)
    {
        var detailed = new Option<bool>("--detailed") { Description = "Every device: slots, counters, rates, durations" };
        var device = new Option<string?>("--device") { Description = "One device, in detail", HelpName = "NAME" };
        var command = new Command("status", "Say how polling is, with every reason why it is not well. Exit code 1 when it is degraded, 2 when it is critical or the database cannot be read.") { detailed, device };
        return cli.Act(
            command,
            run => run.UseDatabaseAsync(database => ShowAsync(run, database, run.Get(detailed), run.Get(device)), ExitCode.Critical),
            "rondo polling status",
            "rondo polling status --detailed",
            "rondo polling status --device main-meter --json");
    }

    private static async Task<int> ShowAsync(Run run, Database database, bool detailed, string? device)
    {
        var status = await database.ReadAsync("polling.status", tx => StatusReader.Read(tx, database.Address, detailed, device), run.Stop);
        if (device is not null && status.Details.Count == 0)
        {
            throw await DeviceNames.UnknownAsync(run, database, device);
        }

        var code = status.Status switch { Health.Healthy => ExitCode.Ok, Health.Degraded => ExitCode.Problem, _ => ExitCode.Critical };
        run.WriteJson(status);
        if (run.IsJson)
        {
            return code;
        }

        run.Say($"polling is {(status.Enabled ? "on" : "off")}; {status.RunningNodes} {(status.RunningNodes == 1 ? "node runs" : "nodes run")}");
        run.Say($"{status.Devices:N0} devices{Counts(status)}; {status.SlotsPerSecond:0.###} slots/s planned");
        run.Say($"groups: {status.EnabledGroups:N0} enabled, {status.OwnedGroups:N0} owned, {status.PlannedGroups:N0} planned{Verdict(status)}");
        foreach (var reason in status.Reasons)
        {
            run.Say($"{reason.Severity.ToString().ToLowerInvariant()}: {reason.Code}: {reason.Message}");
        }

        if (status.Details.Count > 0)
        {
            run.WriteTable(_columns, status.Details.Select(d => Row(d, status.At)));
        }

        return code;
    }

    private static string Counts(PollingStatus status) =>
        status.ByStatus.Count == 0 ? "" : $" ({string.Join(", ", status.ByStatus.OrderByDescending(s => s.Value).Select(s => $"{s.Value:N0} {s.Key}"))})";

    private static string Verdict(PollingStatus status) =>
        status.Status != Health.Healthy ? "" : status.IsConsistent ? ": as it should be" : ": a start or an edit is being taken in";

    private static string?[] Row(DevicePolling d, Instant now) =>
    [
        d.Name,
        $"{d.Status} {Age(d.StatusAt, now)}",
        d.Owner,
        Age(d.LastSlot, now),
        d.NextSlot is { } next && d.Status != "paused" ? "in " + Span(next - now) : "-",
        Age(d.LastSuccess, now),
        d.ConsecutiveFailures.ToString(),
        d.Ok.ToString(),
        d.Partial.ToString(),
        d.Failed.ToString(),
        d.Missed.ToString(),
        Rate(d.SuccessRate1H),
        Rate(d.SuccessRate24H),
        Rate(d.SuccessRate7D),
        Pair(d.DurationP50Ms, d.DurationP99Ms),
        Pair(d.LatenessP50Ms, d.LatenessP99Ms),
        d.LastError is null ? "" : $"{d.LastError} ({Age(d.LastErrorAt, now)})",
    ];

    // A stop or an edit takes effect a second after it is stored, so what it brings about may lie ahead.
    private static string Age(Instant? at, Instant now) => at is not { } some ? "-" : some > now ? "now" : Span(now - some) + " ago";

    private static string Span(TimeSpan span) => Math.Abs(span.TotalSeconds) switch
    {
        < 10 => $"{span.TotalSeconds:0.0} s",
        < 120 => $"{span.TotalSeconds:0} s",
        < 7_200 => $"{span.TotalMinutes:0} min",
        < 172_800 => $"{span.TotalHours:0} h",
        _ => $"{span.TotalDays:0} d",
    };

    // Rounded down: 100 % is only said when it is true.
    private static string Rate(double? rate) => rate is { } some ? $"{Math.Floor(some * 1_000) / 10:0.0}%" : "-";

    private static string Pair(double? p50, double? p99) => p50 is null ? "-" : $"{p50:0.#}/{p99:0.#} ms";
}
