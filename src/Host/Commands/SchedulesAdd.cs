using System.CommandLine;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Jobs.Schedules;

namespace Rondo.Host.Commands;

/// <summary><c>rondo schedules add</c>.</summary>
internal static class SchedulesAdd
{
    public static Command Create(Cli cli)
    {
        var name = SchedulesCommand.Named();
        var kind = new Option<string>("--kind") { Description = "Kind of its jobs; a wrong one is answered with those there are", HelpName = "KIND", Required = true };
        var args = new Option<string>("--args") { Description = "Arguments of its jobs, a JSON object", HelpName = "JSON", DefaultValueFactory = _ => "{}" };
        var cron = new Option<string?>("--cron") { Description = "When it is due: five fields, or six with seconds first", HelpName = "EXPRESSION" };
        var zone = new Option<string?>("--zone") { Description = "The zone whose clocks count for --cron [default: UTC]", HelpName = "ZONE" };
        var every = new Option<string?>("--every") { Description = "Or how often, such as 30s, 5m, 1h; counted from now", HelpName = "SPAN" };
        var missed = new Option<string>("--missed") { Description = "Ticks that no node got to: skip, once (the newest is run), all:N (the newest N), within:SPAN (the newest, unless later)", HelpName = "POLICY", DefaultValueFactory = _ => MissedPolicy.Once.Text };
        var overlap = new Option<string>("--overlap") { Description = "Ticks while an earlier job has not ended: skip, allow, queue, cancel (the earlier one)", HelpName = "POLICY", DefaultValueFactory = _ => OverlapPolicy.Skip.Text() };
        var queue = new Option<string?>("--queue") { Description = "Another queue than the kind's", HelpName = "QUEUE" };
        var priority = new Option<int?>("--priority") { Description = "-100 to 100, higher first; one step is worth 30 s of waiting" };
        var attempts = new Option<int?>("--attempts") { Description = "All runs each job may have, the first included; 1 to 1000" };
        var unique = new Option<string?>("--unique") { Description = "While a job of the kind has this key, a tick is skipped", HelpName = "KEY" };
        var tags = new Option<string[]>("--tag") { Description = "A word to find its jobs by; may be repeated", HelpName = "TAG" };
        var note = new Option<string?>("--note") { Description = "A remark for people", HelpName = "TEXT" };
        var meta = new Option<string[]>("--meta") { Description = "A name and a value of your own, NAME=VALUE; may be repeated", HelpName = "NAME=VALUE" };
        var replace = new Option<bool>("--replace") { Description = "One of this name may be there: it goes on by this definition" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only check it, and print the next 5 instants at which it would be due" };
        return cli.Act(
            new Command("add", "Add a schedule for any kind of job") { name, kind, args, cron, zone, every, missed, overlap, queue, priority, attempts, unique, tags, note, meta, replace, dryRun },
            run => JobsCommand.UseAsync(run.Labelled(AuditRules.ScheduleChange, run.Get(name)!), (jobs, _) => AddAsync(
                run,
                jobs,
                new ScheduleDefinition
                {
                    Name = run.Get(name)!,
                    When = new ScheduleText(run.Get(cron), run.Get(zone), run.Get(every)),
                    Kind = run.Get(kind)!,
                    Args = run.Get(args)!,
                    Options = new ScheduleOptions
                    {
                        Missed = Missed(run.Get(missed)!),
                        Overlap = Overlap(run.Get(overlap)!),
                        Job = new EnqueueOptions
                        {
                            Queue = run.Get(queue),
                            Priority = run.Get(priority),
                            Attempts = run.Get(attempts),
                            UniqueKey = run.Get(unique),
                            Tags = run.Get(tags),
                            Note = run.Get(note),
                            Metadata = JobsEnqueue.Pairs(run.Get(meta) ?? []),
                        },
                    },
                },
                run.Get(replace),
                run.Get(dryRun))),
            "rondo schedules add nightly --kind noop --cron \"0 3 * * *\" --zone Europe/Berlin",
            "rondo schedules add pulse --kind noop --args '{\"takes_ms\": 100}' --every 30s --missed skip --overlap queue",
            "rondo schedules add weekly --kind noop --cron \"0 6 * * MON\" --dry-run");
    }

    private static async Task<int> AddAsync(Run run, JobOperations jobs, ScheduleDefinition wanted, bool mayReplace, bool isDryRun)
    {
        try
        {
            if (isDryRun)
            {
                var next = jobs.Schedules.Preview(wanted);
                run.Say(next.Count == 0 ? $"schedule {wanted.Name} would never be due" : $"schedule {wanted.Name} would be due at:");
                foreach (var due in next)
                {
                    run.Say(due.ToString());
                }

                run.WriteJson(new { schedule = wanted.Name, next, is_dry_run = true });
                return ExitCode.Ok;
            }

            var added = await jobs.Schedules.AddAsync(wanted, mayReplace, run.Stop);
            run.Say($"schedule {wanted.Name} is stored: {SchedulesCommand.Timing(added.Schedule)}; due next: {added.Schedule.NextDue?.ToString() ?? "never"}");
            run.WriteJson(new { schedule = ShownArgs.In(added.Schedule), added.Next, is_dry_run = false });
            return ExitCode.Ok;
        }
        catch (ScheduleRefused refused)
        {
            throw new CommandFault(refused.IsTaken ? ExitCode.Problem : ExitCode.Misuse, Words(refused, mayReplace));
        }
    }

    private static string Words(ScheduleRefused refused, bool mayReplace) =>
        refused.Field.IndexOf('/', StringComparison.Ordinal) is var at and > 0 ? $"{refused.Message} (at {refused.Field[at..]})"
        : refused.IsTaken && !mayReplace ? $"{refused.Message} (--replace)"
        : refused.Message;

    private static MissedPolicy Missed(string text) => MissedPolicy.TryParse(text, out var policy)
        ? policy
        : throw new CommandFault(ExitCode.Misuse, $"--missed: '{text}' will not do; expected skip, once, all:N (1 to {MissedPolicy.MostAtOnce}) or within:SPAN such as within:10m");

    private static OverlapPolicy Overlap(string text) => OverlapPolicies.TryParse(text, out var policy)
        ? policy
        : throw new CommandFault(ExitCode.Misuse, $"--overlap: '{text}' will not do; expected {string.Join(", ", OverlapPolicies.Words)}");
}
