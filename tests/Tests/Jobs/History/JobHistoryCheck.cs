using System.Globalization;

namespace Rondo.Tests.Jobs.History;

/// <summary>What a history breaks, and how.</summary>
/// <param name="Rule">Which promise.</param>
/// <param name="Text">By what.</param>
public readonly record struct Violation(string Rule, string Text)
{
    public override string ToString() => $"{Rule}: {Text}";
}

/// <summary>Holds a history against what the queue promises. Knows nothing of how it is done.</summary>
public static class JobHistoryCheck
{
    private static readonly string[] Final = ["done", "cancelled", "dead"];

    /// <summary>Everything that is broken; empty for a clean history.</summary>
    public static IReadOnlyList<Violation> Violations(JobHistory history) =>
        [.. Presence(history), .. Ends(history), .. Keys(history), .. Attempts(history), .. Crashes(history), .. Overlaps.Violations(history)];

    /// <summary>Fails with the first of them.</summary>
    public static void Holds(JobHistory history)
    {
        var violations = Violations(history);
        Assert.True(violations.Count == 0, $"{violations.Count} violations:\n{string.Join('\n', violations.Take(30))}");
    }

    private static IEnumerable<Violation> Presence(JobHistory history)
    {
        var places = history.Jobs.ToLookup(job => job.Id);
        foreach (var id in history.Accepted.Where(id => !places.Contains(id)))
        {
            yield return new("lost", Line($"job {id} was accepted, and no table has it"));
        }

        foreach (var twice in places.Where(p => p.Count() > 1))
        {
            yield return new("doubled", Line($"job {twice.Key} is in {string.Join(" and in ", twice.Select(j => j.Table))}"));
        }

        foreach (var job in history.Jobs.Where(j => history.IsOver && !Final.Contains(j.State)))
        {
            yield return new("unended", Line($"job {job.Id} is still {job.State}, under lease {job.LeaseNo}"));
        }

        foreach (var effect in history.Effects.Where(e => !places.Contains(e.JobId)))
        {
            yield return new("strange", Line($"job {effect.JobId} has an effect, and no table has it"));
        }
    }

    private static IEnumerable<Violation> Ends(JobHistory history)
    {
        var effects = history.Effects.ToLookup(effect => effect.JobId);
        foreach (var several in effects.Where(e => e.Count() > 1))
        {
            var leases = several.Select(e => e.LeaseNo).Order().ToArray();
            if (!history.Rerun.Contains(several.Key) || leases.Distinct().Count() < leases.Length)
            {
                yield return new("repeated", Line($"job {several.Key} ended well under leases {string.Join(", ", leases)}"));
            }
        }

        foreach (var job in history.Jobs.Where(j => history.EffectKinds.Contains(j.Kind)))
        {
            var own = effects[job.Id].ToArray();
            if (job.State == "done" && !Array.Exists(own, e => e.LeaseNo == job.LeaseNo && e.Node == job.Node && e.Attempt == job.Attempts))
            {
                yield return new("unfounded", Line($"job {job.Id} is done under lease {job.LeaseNo}, attempt {job.Attempts} of node {job.Node}; effects: {Shown(own)}"));
            }
            else if (job.State != "done" && own.Length > 0 && !history.Rerun.Contains(job.Id))
            {
                yield return new("intruded", Line($"job {job.Id} is {job.State}, and has an effect: {Shown(own)}"));
            }
        }
    }

    private static IEnumerable<Violation> Keys(JobHistory history)
    {
        var live = history.Jobs.Where(job => !Final.Contains(job.State)).ToLookup(job => job.Id);
        foreach (var slot in history.Slots)
        {
            if (!live[slot.JobId].Any(j => j.State is "ready" or "running" && j.ConcurrencyKey == slot.Key && slot.N >= 1 && slot.N <= j.ConcurrencyLimit))
            {
                yield return new("slot", Line($"slot {slot.N} of {slot.Key} is held by job {slot.JobId}, which has no right to it"));
            }
        }

        foreach (var twice in history.Slots.GroupBy(s => s.JobId).Where(s => s.Count() > 1))
        {
            yield return new("slot", Line($"job {twice.Key} holds {twice.Count()} slots"));
        }

        var holders = history.Slots.Select(s => s.JobId).ToHashSet();
        foreach (var job in history.Jobs.Where(j => j.ConcurrencyKey is not null && j.State is "ready" or "running" && !holders.Contains(j.Id)))
        {
            yield return new("slot", Line($"job {job.Id} is {job.State} without a slot of {job.ConcurrencyKey}"));
        }

        foreach (var unique in history.Uniques.Where(u => !live[u.JobId].Any(j => j.UniqueKey == u.Key)))
        {
            yield return new("unique", Line($"the unique key {unique.Key} is held by job {unique.JobId}, which has no right to it"));
        }

        var held = history.Uniques.Select(u => (u.Key, u.JobId)).ToHashSet();

        // A key that keeps others away until the start only (it begins with ~) is free once its job was claimed.
        foreach (var job in live.SelectMany(j => j).Where(j => j.UniqueKey is { } key && key[0] != '~' && !held.Contains((key, j.Id))))
        {
            yield return new("unique", Line($"job {job.Id} is {job.State}, and its unique key {job.UniqueKey} is free"));
        }

        foreach (var id in history.Wishes.Where(id => !live[id].Any(j => j.State == "running" || !history.IsOver)))
        {
            yield return new("wish", Line($"a wish to cancel job {id} is left, which does not run"));
        }
    }

    private static IEnumerable<Violation> Attempts(JobHistory history)
    {
        var failures = history.Failures.ToLookup(f => f.JobId);
        foreach (var job in history.Jobs)
        {
            var own = failures[job.Id].ToArray();
            var ended = job.State is "done" ? 1 : 0;
            if (own.Select(f => f.LeaseNo).Distinct().Count() < own.Length)
            {
                yield return new("failures", Line($"job {job.Id} failed twice under one lease: {Shown(own)}"));
            }

            if (job.LeaseNo < own.Length + ended || Array.Exists(own, f => f.LeaseNo > job.LeaseNo || (ended == 1 && f.LeaseNo == job.LeaseNo)))
            {
                yield return new("leases", Line($"job {job.Id} is {job.State} under lease {job.LeaseNo}; failures: {Shown(own)}"));
            }

            if (history.Rerun.Contains(job.Id))
            {
                continue;
            }

            // Each retry has used an attempt; a crash, and a release by an operator, has unless it would have been the last one; nothing else has.
            var least = Math.Min(own.Count(f => f.Outcome is "retry") + ended + own.Count(f => f.Outcome == "dead"), job.MaxAttempts);
            var most = least + own.Count(f => f.Outcome is "crashed" or "released") + (job.State is "running" or "cancelled" ? 1 : 0);
            if (job.Attempts < least || job.Attempts > Math.Min(most, job.MaxAttempts) || job.Attempts > job.LeaseNo)
            {
                yield return new("attempts", Line($"job {job.Id} is {job.State} after {job.Attempts} of {job.MaxAttempts} attempts and {job.LeaseNo} leases; failures: {Shown(own)}"));
            }
        }
    }

    private static IEnumerable<Violation> Crashes(JobHistory history)
    {
        foreach (var job in history.Jobs)
        {
            var isBuried = job.State == "dead" && job.Error?.StartsWith("crash_loop", StringComparison.Ordinal) == true;
            if (isBuried && !history.Culprits.Contains(job.Id))
            {
                yield return new("buried", Line($"job {job.Id} is innocent, and dead: {job.Error}"));
            }
            else if (!isBuried && history.IsOver && history.Culprits.Contains(job.Id))
            {
                yield return new("escaped", Line($"job {job.Id} kills whoever runs it, and is {job.State} after {job.Crashes} crashes"));
            }
        }
    }

    private static string Shown(IEnumerable<JobEffect> effects) => string.Join(", ", effects.Select(e => Line($"lease {e.LeaseNo}, attempt {e.Attempt} of {e.Node}")));

    private static string Shown(IEnumerable<StoredFailure> failures) => string.Join(", ", failures.Select(f => Line($"{f.Outcome} in attempt {f.Attempt} under lease {f.LeaseNo}")));

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
