using System.CommandLine;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo schedules run|pause|resume|remove</c>.</summary>
internal static class SchedulesChange
{
    public static Command Run(Cli cli)
    {
        var name = SchedulesCommand.Named();
        return cli.Act(
            new Command("run", "Enqueue a job of a schedule now, outside its plan; also when it is paused, and whatever runs") { name },
            run => JobsCommand.UseAsync(run.Labelled("schedules.run", run.Get(name)!), async (jobs, _) =>
            {
                var which = run.Get(name)!;
                try
                {
                    var job = await jobs.Schedules.RunAsync(which, run.Stop) ?? throw await SchedulesCommand.UnknownAsync(run, jobs, which);
                    run.Say(job.IsNew ? $"job {job.Id} of schedule {which} is enqueued" : $"job {job.Id} has the unique key already; nothing new is enqueued");
                    run.WriteJson(new { schedule = which, id = job.Id, is_new = job.IsNew });
                    return ExitCode.Ok;
                }
                catch (JobRefused refused)
                {
                    throw new CommandFault(ExitCode.Problem, $"no job of schedule {which} was enqueued: {refused.Message}");
                }
            }),
            "rondo schedules run nightly");
    }

    public static Command Pause(Cli cli, bool isPaused)
    {
        var name = SchedulesCommand.Named();
        var verb = isPaused ? "pause" : "resume";
        return cli.Act(
            new Command(verb, isPaused ? "Skip the ticks of a schedule until it is resumed; jobs that are enqueued go on. Kept over restarts." : "Let a schedule go on; what was due meanwhile stays skipped") { name },
            run => JobsCommand.UseAsync(run.Labelled(AuditRules.ScheduleChange, run.Get(name)!), async (jobs, _) =>
            {
                var which = run.Get(name)!;
                if (!await jobs.Schedules.PauseAsync(which, isPaused, run.Stop))
                {
                    throw await SchedulesCommand.UnknownAsync(run, jobs, which);
                }

                var schedule = (await jobs.Schedules.ShowAsync(which, run.Stop))?.Schedule;
                run.Say(isPaused ? $"schedule {which} is paused. Resume it: rondo schedules resume {which}" : $"schedule {which} goes on; due next: {schedule?.NextDue?.ToString() ?? "never"}");
                run.WriteJson(new { schedule = which, is_paused = isPaused, next_due = schedule?.NextDue });
                return ExitCode.Ok;
            }),
            $"rondo schedules {verb} nightly");
    }

    public static Command Remove(Cli cli)
    {
        var name = SchedulesCommand.Named();
        return cli.Act(
            new Command("remove", "Remove a schedule; its jobs go on. One that a program defines comes back with the next start of that: pause it instead.") { name },
            run => JobsCommand.UseAsync(run.Labelled(AuditRules.ScheduleChange, run.Get(name)!), async (jobs, _) =>
            {
                var which = run.Get(name)!;
                var was = await jobs.Schedules.RemoveAsync(which, run.Stop) ?? throw await SchedulesCommand.UnknownAsync(run, jobs, which);
                if (was.Source != JobSchedules.Operator && was.UndefinedAt is null)
                {
                    run.Warn($"rondo: schedule '{which}' is defined by the program ({was.Source}) and comes back with its next start. To keep it from running: rondo schedules pause {which}");
                }

                run.Say($"schedule {which} is removed; jobs of it that are enqueued go on");
                run.WriteJson(new { schedule = which, source = was.Source });
                return ExitCode.Ok;
            }),
            "rondo schedules remove nightly");
    }
}
