using System.Globalization;
using Rondo.Jobs.Pump;
using Rondo.Storage;

namespace Rondo.Tests.Jobs.Model;

/// <summary>The queue as docs/concepts/jobs.md tells it, in memory and without a thought for how it is stored.</summary>
internal sealed class QueueModel
{
    private readonly SortedDictionary<int, ModelJob> _jobs = [];
    private readonly HashSet<string> _paused = [];
    private Instant _now;

    public IEnumerable<ModelJob> Jobs => _jobs.Values;

    /// <summary>Every claim there ever was.</summary>
    public List<(string Node, Lease Lease)> Claims { get; } = [];

    public List<string> Live { get; } = [];

    public static int LimitOf(string key) => key[^1] - '0';

    /// <summary>Does it at <paramref name="now"/>; returns what whoever did it is told.</summary>
    public string Apply(Operation operation, Instant now)
    {
        _now = now;
        return operation switch
        {
            Enqueue o => string.Join(' ', Enqueue(o)),
            Claim o => Claimed(o.Node, [.. Take(o.Node, "a", o.OfA), .. Take(o.Node, "b", o.OfB)]),
            ClaimAlone o => Claimed(o.Node, Suspect(o.Node)),
            Mark o => $"{o.Leases.Sum(lease => Begin(o.Node, lease))} refused",
            Finish o => string.Join(' ', o.Ends.Select((end, place) => (end, place)).Where(e => End(o.Node, e.end, e.place)).Select(e => e.end.N).Order()),
            Fill o => Did(() => Array.ForEach(o.Keys, FillKey)),
            Model.Look => Did(Look),
            Cancel o => With(o.N, job => EndWaiting(job) ? "cancelled" : job.State == "running" && !job.IsToBeCancelled ? Wish(job) : "nothing to do"),
            Discard o => With(o.N, job => $"{EndWaiting(job) || GiveUp(job)}"),
            Retry o => With(o.N, Again),
            Take o => With(o.N, job => $"{job.State == "running" && Taken(job)}"),
            Model.CancelIdle => Did(CancelIdle),
            Birth o => Did(() => Live.Add(o.Node)),
            Death o => Did(() => Live.Remove(o.Node)),
            Model.ReleaseDead => Did(ReleaseDead),
            Pause o => Did(() => _ = o.IsPaused ? _paused.Add(o.Queue) : _paused.Remove(o.Queue)),
            Reconcile => Did(() => _jobs.Values.Select(j => j.Key).OfType<string>().Distinct().ToList().ForEach(FillKey)),
            _ => "",
        };
    }

    /// <summary>All that can be seen, a line for each job.</summary>
    public IEnumerable<string> See() => _jobs.Values.Select(job => string.Create(
        CultureInfo.InvariantCulture,
        $"{job.N}: {job.State} due {job.Due.Micros} attempts {job.Attempts} lease {job.LeaseNo} crashes {job.Crashes}{(job.State == "running" ? $" node {job.Node} begun {job.IsBegun} alone {job.IsAlone}" : "")}{(job.HasSlot ? " slot" : "")}{(job.HasUnique ? " unique" : "")}{(job.IsToBeCancelled ? " wish" : "")} lines {job.Lines} failures {string.Join(',', job.Failures)}"));

    private static string Did(Action action)
    {
        action();
        return "";
    }

    private string With(int n, Func<ModelJob, string> action) => _jobs.TryGetValue(n, out var job) ? action(job) : "";

    private IEnumerable<string> Enqueue(Enqueue operation)
    {
        // One look at a key is enough for all that came together.
        var knocked = new HashSet<string>();

        // Keys are taken in their own order.
        var holders = new Dictionary<int, int>();
        foreach (var one in operation.Jobs.Where(j => j.Unique is not null).OrderBy(j => j.Unique, StringComparer.Ordinal))
        {
            if (_jobs.Values.FirstOrDefault(j => j.HasUnique && j.Unique == one.Unique) is { } holder)
            {
                holders[one.N] = holder.N;
                continue;
            }

            Add(one).HasUnique = true;
        }

        foreach (var one in operation.Jobs)
        {
            if (holders.TryGetValue(one.N, out var holder))
            {
                yield return $"{one.N}={holder}";
                continue;
            }

            var job = _jobs.GetValueOrDefault(one.N) ?? Add(one);
            job.At(_now + TimeSpan.FromSeconds(one.DelaySeconds));
            job.State = one.DelaySeconds > 0 ? "scheduled" : one.Key is null ? "ready" : "blocked";
            job.IsKnocking = job.State == "blocked" && knocked.Add(one.Key!);
            yield return $"{one.N}";
        }
    }

    private ModelJob Add(NewOne one) => _jobs[one.N] = new ModelJob { N = one.N, Queue = one.Queue, Priority = one.Priority, MaxAttempts = one.Attempts, Unique = one.Unique, Key = one.Key };

    private List<ModelJob> Take(string node, string queue, int count) => !Live.Contains(node) || _paused.Contains(queue)
        ? []
        : _jobs.Values.Where(j => j.State == "ready" && j.Queue == queue && j.Crashes < 2).OrderBy(j => j.Rank).Take(count).ToList();

    private List<ModelJob> Suspect(string node) => !Live.Contains(node)
        ? []
        : _jobs.Values.Where(j => j.State == "ready" && !_paused.Contains(j.Queue) && j.Crashes >= 2).OrderBy(j => j.Crashes).ThenBy(j => j.N).Take(1).Select(job =>
        {
            (job.IsAlone, job.IsBegun) = (true, true);
            return job;
        }).ToList();

    private string Claimed(string node, List<ModelJob> jobs)
    {
        foreach (var job in jobs)
        {
            (job.State, job.Node) = ("running", node);
            job.Attempts++;
            job.LeaseNo++;
            if (job.Unique?[0] == '~')
            {
                job.HasUnique = false;
            }

            Claims.Add((node, new Lease(job.N, job.LeaseNo)));
        }

        return string.Join(' ', jobs.OrderBy(j => j.N).Select(j => $"{j.N}/{j.Attempts}/{j.LeaseNo}"));
    }

    private ModelJob? HeldBy(string node, int n, int leaseNo) =>
        _jobs.TryGetValue(n, out var job) && job.State == "running" && job.Node == node && job.LeaseNo == leaseNo ? job : null;

    /// <summary>How many of the two writes were refused.</summary>
    private int Begin(string node, Lease lease)
    {
        if (!Claims.Contains((node, lease)))
        {
            return 0;
        }

        if (!Live.Contains(node) || HeldBy(node, lease.N, lease.LeaseNo) is not { } job)
        {
            return 2;
        }

        job.IsBegun = true;
        job.Lines++;
        return 0;
    }

    private bool End(string node, End end, int place)
    {
        if (!Live.Contains(node) || HeldBy(node, end.N, end.LeaseNo) is not { } job)
        {
            return false;
        }

        // A cancel wins over whatever is not an end.
        var outcome = job.IsToBeCancelled && end.Outcome is Outcome.Retry or Outcome.Snooze or Outcome.GivenBack && job.IsToBeCancelled ? Outcome.Cancelled : end.Outcome;
        var isError = end.Outcome is not (Outcome.Done or Outcome.GivenBack);
        if (outcome is not (Outcome.Done or Outcome.GivenBack) && isError)
        {
            job.Failures.Add($"{job.LeaseNo}:{outcome.ToString().ToLowerInvariant()}");
        }

        if (outcome == Outcome.GivenBack)
        {
            // As if it had not been claimed.
            job.State = "ready";
            job.Attempts--;
        }
        else if (outcome is Outcome.Retry or Outcome.Snooze)
        {
            job.State = "scheduled";
            job.Attempts -= outcome == Outcome.Snooze ? 1 : 0;

            // It ran alone and nothing crashed.
            job.Crashes = job.IsAlone ? 0 : job.Crashes;
            job.HasSlot = false;
            job.At(DueOf(end, place, _now));
        }
        else
        {
            Over(job, outcome.ToString().ToLowerInvariant());
        }

        Leave(job);
        job.IsToBeCancelled = false;
        return true;
    }

    /// <summary>When it runs again: never two at the same instant.</summary>
    public static Instant DueOf(End end, int place, Instant now) => now + TimeSpan.FromSeconds(end.DelaySeconds) + TimeSpan.FromMicroseconds(place);

    private static void Over(ModelJob job, string state)
    {
        job.State = state;
        (job.HasSlot, job.HasUnique, job.IsToBeCancelled, job.IsKnocking) = (false, false, false, false);
    }

    private static void Leave(ModelJob job) => (job.Node, job.IsAlone, job.IsBegun) = (null, false, false);

    private void FillKey(string key)
    {
        var free = LimitOf(key) - _jobs.Values.Count(j => j.HasSlot && j.Key == key);
        foreach (var job in _jobs.Values.Where(j => j.State == "blocked" && j.Key == key).OrderBy(j => j.Rank).ThenBy(j => j.N).Take(free).ToList())
        {
            (job.State, job.HasSlot, job.IsKnocking) = ("ready", true, false);
        }
    }

    private void Look()
    {
        foreach (var job in _jobs.Values.Where(j => j.State == "scheduled" && j.Due <= _now))
        {
            job.State = job.Key is null ? "ready" : "blocked";
            job.IsKnocking = job.Key is not null;
        }

        foreach (var key in _jobs.Values.Where(j => j.IsKnocking).Select(j => j.Key!).Distinct().ToList())
        {
            foreach (var job in _jobs.Values.Where(j => j.Key == key))
            {
                job.IsKnocking = false;
            }

            FillKey(key);
        }
    }

    private bool EndWaiting(ModelJob job)
    {
        if (job.State is not ("ready" or "scheduled" or "blocked"))
        {
            return false;
        }

        Over(job, "cancelled");
        if (job.Key is { } key)
        {
            FillKey(key);
        }

        return true;
    }

    private static string Wish(ModelJob job)
    {
        job.IsToBeCancelled = true;
        return "asked";
    }

    private static bool GiveUp(ModelJob job)
    {
        if (job.State != "dead")
        {
            return false;
        }

        job.State = "cancelled";
        return true;
    }

    private string Again(ModelJob job)
    {
        if (job.State == "scheduled")
        {
            job.At(_now);
            return "again";
        }

        if (!job.IsOver || (job.Unique is not null && _jobs.Values.Any(j => j.HasUnique && j.Unique == job.Unique)))
        {
            return "refused";
        }

        job.HasUnique = job.Unique is not null;
        (job.Attempts, job.Crashes) = (0, 0);
        job.At(_now);
        job.State = job.Key is null ? "ready" : "blocked";
        job.IsKnocking = job.Key is not null;
        return "again";
    }

    private static bool Taken(ModelJob job)
    {
        job.Failures.Add($"{job.LeaseNo}:released");
        job.State = "ready";

        // Never the last attempt.
        job.Attempts -= job.Attempts >= job.MaxAttempts ? 1 : 0;
        Leave(job);
        return true;
    }

    private void CancelIdle()
    {
        foreach (var job in _jobs.Values.Where(j => j.IsToBeCancelled && j.State != "running").ToList())
        {
            EndWaiting(job);
        }
    }

    private void ReleaseDead()
    {
        var freed = new List<string>();
        foreach (var job in _jobs.Values.Where(j => j.State == "running" && !Live.Contains(j.Node!)).ToList())
        {
            if (job.IsBegun)
            {
                job.Failures.Add($"{job.LeaseNo}:crashed");
            }

            // Of a suspect only what happens while it is alone says anything.
            job.Crashes += job.Crashes >= 2 && !job.IsAlone ? 0 : 1;
            if (job.IsAlone && job.Crashes >= 5)
            {
                freed.Add(job.Key ?? "");
                Over(job, "dead");
            }
            else
            {
                // A crash before it was seen to begin has used nothing, and none uses the last attempt.
                job.Attempts -= !job.IsBegun || job.Attempts >= job.MaxAttempts ? 1 : 0;
                job.State = "ready";
            }

            Leave(job);
        }

        freed.Where(key => key.Length > 0).Distinct().ToList().ForEach(FillKey);
    }
}
