using System.CommandLine;
using System.Globalization;
using Rondo.Diagnostics;
using Rondo.Imports;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports monitor</c>.</summary>
internal static class ImportsMonitor
{
    private static readonly TimeSpan _longest = TimeSpan.FromDays(3_650);

    public static Command Create(Cli cli)
    {
        var limits = new ImportLimits();
        var verbose = new Option<bool>("--verbose") { Description = "Also how much, how long, how often again, and every import without progress" };
        var handle = new Option<bool>("--handle-stuck") { Description = "Take imports without progress from whoever runs them: they run again, or are dead when they have no run left" };
        var alert = new Option<bool>("--send-alerts") { Description = "Tell of dead imports on the feed, of each once; administrators in one event when they are many" };
        var window = new Option<string>("--window") { Description = "How far back it is looked at what ended", DefaultValueFactory = _ => "24h", HelpName = "SPAN" };
        var least = new Option<int>("--min-imports") { Description = "Fewer ended imports than these say nothing of how many fail", DefaultValueFactory = _ => limits.MinImports, HelpName = "N" };
        var critical = new Option<double>("--critical-failures") { Description = "More dead ones among those that ended are critical, percent", DefaultValueFactory = _ => limits.CriticalFailures, HelpName = "PERCENT" };
        var degraded = new Option<double>("--degraded-failures") { Description = "More dead ones among those that ended are degraded, percent", DefaultValueFactory = _ => limits.DegradedFailures, HelpName = "PERCENT" };
        var stuck = new Option<string>("--stuck-after") { Description = "An import that could go on and has not for so long is stuck", DefaultValueFactory = _ => "60m", HelpName = "SPAN" };
        var backlog = new Option<long>("--backlog") { Description = "More imports that wait are degraded", DefaultValueFactory = _ => limits.Backlog, HelpName = "N" };
        return cli.Act(
            new Command("monitor", "Say how imports are, with every reason why they are not well. Exit code 1 when they are degraded, 2 when critical or the database cannot be read.")
            {
                verbose, handle, alert, window, least, critical, degraded, stuck, backlog,
            },
            run =>
            {
                var wanted = new ImportLimits
                {
                    Window = TimeOptions.Span("--window", run.Get(window)!, TimeSpan.FromMinutes(1), _longest), MinImports = run.Get(least), CriticalFailures = run.Get(critical),
                    DegradedFailures = run.Get(degraded), StuckAfter = TimeOptions.Span("--stuck-after", run.Get(stuck)!, TimeSpan.FromSeconds(1), _longest), Backlog = run.Get(backlog),
                };
                return wanted.Problem is { } problem
                    ? throw new CommandFault(ExitCode.Misuse, $"the limits will not do: {problem}")
                    : ImportsCommand.UseAsync(run.Labelled("jobs.release", ""), imports => LookAsync(run, imports, wanted, (run.Get(handle), run.Get(alert), run.Get(verbose))), ExitCode.Critical);
            },
            "rondo imports monitor --verbose",
            "rondo imports monitor --handle-stuck --send-alerts",
            "rondo imports monitor --stuck-after 15m --json");
    }

    private static async Task<int> LookAsync(Run run, ImportOperations imports, ImportLimits limits, (bool IsHandling, bool IsTelling, bool IsVerbose) wanted)
    {
        // How they are is said as it is when what was asked for is done.
        var handled = wanted.IsHandling ? await imports.HandleStuckAsync(limits.StuckAfter, run.Stop) : null;
        var alerts = wanted.IsTelling ? await imports.AlertAsync(limits.Window, run.Stop) : null;
        var report = await imports.MonitorAsync(limits, run.Stop);
        var (depth, ends) = (report.Depth, report.Ends);
        run.Say($"imports are {report.Status.ToString().ToLowerInvariant()}; {Text(depth.Queued)} queued, {Text(depth.Running)} running, {Text(depth.Failed)} wait for their next try; "
            + $"since {report.At - limits.Window}: {Text(ends.Done)} done, {Text(ends.Dead)} dead, {Text(ends.Cancelled)} cancelled");
        if (wanted.IsVerbose)
        {
            SayMore(run, report);
        }

        foreach (var reason in report.Reasons)
        {
            run.Say($"{reason.Severity.ToString().ToLowerInvariant()}: {reason.Code}: {reason.Message}");
        }

        foreach (var each in handled ?? [])
        {
            run.Say($"import {each.Id}: {each.Action}: {each.Reason}");
        }

        if (alerts is not null)
        {
            run.Say($"{Text(alerts.Count)} dead imports were told of{(alerts.IsSummary ? ", to administrators in one event" : "")}");
        }

        run.WriteJson(new { report, handled, alerts });
        return report.Status switch { Health.Healthy => ExitCode.Ok, Health.Degraded => ExitCode.Problem, _ => ExitCode.Critical };
    }

    private static void SayMore(Run run, ImportReport report)
    {
        var (through, again) = (report.Throughput, report.Retries);
        run.Say($"failure rate {(report.Ends.FailurePercent is { } percent ? $"{percent.ToString(CultureInfo.InvariantCulture)} %" : $"unknown: fewer than {report.Limits.MinImports} imports ended")}; "
            + $"the oldest that could run waits since {report.Depth.OldestDue?.ToString() ?? "-"}; {Text(report.Untold)} dead ones nobody was told of");
        run.Say($"{through.ImportsPerHour.ToString(CultureInfo.InvariantCulture)} imports/h: {Text(through.Rows)} rows, {Text(through.Values)} values, {Text(through.Rejected)} rows rejected, {Text(through.Bytes)} bytes");
        run.Say(report.Durations is { } took
            ? string.Create(CultureInfo.InvariantCulture, $"took {took.Average:0.0} s on average, {took.Median:0.0} s in the middle, {took.P95:0.0} s for 95 of 100, {took.Longest:0.0} s at most")
            : "nothing was imported");
        run.Say($"{Text(again.Retried)} imports ran more than once, {Text(again.Runs)} runs more; {Text(again.Recovered)} of them are done, {Text(again.Exhausted)} dead after their last run; next try {again.NextAt?.ToString() ?? "-"}");
        if (report.Stuck.Count > 0)
        {
            run.WriteTable(["id", "file", "is", "since", "job", "run", "node"], report.Stuck.Select(s => (IReadOnlyList<string?>)[$"{s.Id}", s.File, s.What, s.Since.ToString(), $"{s.JobId}", $"{s.Attempts}/{s.MaxAttempts}", s.Node]));
        }
    }

    private static string Text(long number) => ImportsCommand.Text(number);
}
