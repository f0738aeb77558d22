using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>
/// Fires what is due, on every node: none leads, whoever comes first has the tick. A node leaves alone what it does not know the kind of. What a program defines
/// is stored with the first pass.
/// </summary>
/// <param name="database">Database.</param>
/// <param name="node">This process.</param>
/// <param name="queue">Enqueues.</param>
/// <param name="handlers">The kinds that are known here.</param>
/// <param name="defined">What the program defines; null when it has nothing to say about it.</param>
/// <param name="options">Settings.</param>
/// <param name="cancelled">Told when jobs were cancelled.</param>
/// <param name="time">Time.</param>
/// <param name="log">Log.</param>
internal sealed class ScheduleLoop(
    Database database, Node node, JobQueue queue, JobHandlers handlers, JobSchedules? defined, JobsOptions options, Action cancelled, TimeProvider time, ILogger log)
    : Loop("jobs.schedule", time)
{
    // Another node has it in its hands, or had a moment ago.
    private static readonly TimeSpan _moment = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _linksEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _forgetEvery = TimeSpan.FromMinutes(10);
    private readonly Ticker _ticker = new(queue, options);
    private readonly HashSet<(string, string)> _told = [];
    private bool _isDefined;
    private long _linksAt = long.MinValue;
    private long _forgotAt = time.GetTimestamp();

    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!node.MayWork)
        {
            return options.PollInterval;
        }

        if (!_isDefined)
        {
            await DefineAsync(stop).ConfigureAwait(false);
            _isDefined = true;
        }

        await CleanAsync(stop).ConfigureAwait(false);
        return await FireAsync(stop).ConfigureAwait(false);
    }

    private async Task<TimeSpan> FireAsync(CancellationToken stop)
    {
        var now = database.Clock.Now;
        var waiting = await database.AskAsync("schedules.waiting", tx => ScheduleStore.Waiting(tx, now + options.PollInterval), stop).ConfigureAwait(false);
        var sleep = options.PollInterval;
        StorageFault? fault = null;
        foreach (var schedule in waiting.Where(s => handlers.Find(s.Kind) is not null))
        {
            if (!schedule.IsQueued && schedule.NextDue is { } due && due > now)
            {
                sleep = Spans.Shorter(sleep, due - now);
                continue;
            }

            stop.ThrowIfCancellationRequested();
            Beat();
            try
            {
                sleep = Spans.Shorter(sleep, await FireAsync(schedule, stop).ConfigureAwait(false));
            }
            catch (StorageFault trouble) when (trouble.Kind != StorageFaultKind.Unavailable)
            {
                // The others are not to wait for whatever is wrong with this one.
                fault ??= trouble;
            }
        }

        // A timer may be a moment early, which would be another look for nothing.
        return fault is null ? sleep + TimeSpan.FromMilliseconds(sleep > TimeSpan.Zero ? 1 : 0) : throw fault;
    }

    /// <summary>Returns when there may be more to do.</summary>
    private async Task<TimeSpan> FireAsync(WaitingSchedule schedule, CancellationToken stop)
    {
        var fired = await database.WriteBrieflyAsync("schedules.fire", tx => _ticker.Fire(tx, schedule.Id), stop).ConfigureAwait(false);
        FailPoint.Reach("schedules.fired");
        if (fired is null)
        {
            return _moment;
        }

        if (fired.HasCancelled)
        {
            cancelled();
        }

        var trouble = fired.Broken ?? fired.Refused;
        if (trouble is not null && _told.Count < ScheduleStore.Most && _told.Add((schedule.Name, trouble)))
        {
            JobsLog.ScheduleBroken(log, schedule.Name, trouble);
        }

        return fired.IsAny ? TimeSpan.Zero : options.PollInterval;
    }

    private async Task DefineAsync(CancellationToken stop)
    {
        if (defined is null)
        {
            return;
        }

        var writer = new ScheduleWriter(queue, _ticker);
        var all = defined.Read(handlers, queue, database.Clock.Now);
        foreach (var one in all)
        {
            await ScheduleWriter.UntilDoneAsync(async () =>
            {
                Beat();
                return await database.WriteBrieflyAsync("schedules.define", tx => writer.Store(tx, one, defined.Source, mayReplace: true), stop).ConfigureAwait(false) == ScheduleWriter.Put.Done;
            }).ConfigureAwait(false);
        }

        foreach (var gone in await database.WriteBrieflyAsync("schedules.compare", tx => ScheduleWriter.Compare(tx, defined.Source, all.Select(s => s.Name)), stop).ConfigureAwait(false))
        {
            JobsLog.ScheduleUndefined(log, gone, defined.Source);
        }
    }

    private async Task CleanAsync(CancellationToken stop)
    {
        if (IsTime(ref _linksAt, _linksEvery))
        {
            for ((long, long)? at = (0, 0); at is { } after;)
            {
                Beat();
                at = await database.WriteBrieflyAsync("schedules.links", tx => ScheduleJobs.Clean(tx, after), stop).ConfigureAwait(false);
            }
        }

        if (!IsTime(ref _forgotAt, _forgetEvery))
        {
            return;
        }

        var before = database.Clock.Now - options.KeepTicks;
        foreach (var schedule in await database.AskAsync("schedules.list", ScheduleStore.All, stop).ConfigureAwait(false))
        {
            await UntilAsync(tx => !(ScheduleStore.Take(tx, schedule.Id) is { } row && TickStore.Forget(tx, row, before))).ConfigureAwait(false);
        }

        await UntilAsync(tx => !TickStore.ForgetStrays(tx)).ConfigureAwait(false);

        async Task UntilAsync(Func<Transaction, bool> isDone)
        {
            // The rest has its turn in ten minutes: what is due is not to wait for what is forgotten.
            for (var n = 0; n < 20; n++)
            {
                Beat();
                if (await database.WriteBrieflyAsync("schedules.forget", isDone, stop).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
    }

    private bool IsTime(ref long at, TimeSpan every)
    {
        if (at != long.MinValue && Time.GetElapsedTime(at) < every)
        {
            return false;
        }

        at = Time.GetTimestamp();
        return true;
    }
}
