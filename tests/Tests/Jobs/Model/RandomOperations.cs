using Rondo.Jobs.Pump;

namespace Rondo.Tests.Jobs.Model;

/// <summary>Draws the next thing to do, such as has a meaning in the state that the model is in, most of the time.</summary>
internal sealed class RandomOperations(Random random)
{
    private static readonly string[] Keys = ["k1", "l1", "m2", "n3"];
    private int _jobs;
    private int _nodes;

    public Operation Next(QueueModel model)
    {
        if (model.Live.Count < 2)
        {
            return new Birth($"n{++_nodes}");
        }

        return random.Next(100) switch
        {
            < 16 => new Enqueue([.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(2, 7) : 1).Select(New)]),
            < 32 => new Claim(Node(model), random.Next(4), random.Next(4)),
            < 36 => new ClaimAlone(Node(model)),
            < 43 => new Mark(Node(model), [.. Some(model, 3)]),
            < 60 => Ended(model),
            < 65 => new Fill([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Keys[random.Next(Keys.Length)])]),
            < 74 => new Look(),
            < 78 => new Cancel(Job()),
            < 80 => new Discard(Job()),
            < 84 => new Retry(Job()),
            < 86 => new Take(Job()),
            < 88 => new CancelIdle(),
            < 90 => model.Live.Count < 3 ? new Birth($"n{++_nodes}") : new Death(Node(model)),
            < 91 => new Death(Node(model)),
            < 94 => new ReleaseDead(),
            < 95 => new Pause(random.Next(2) == 0 ? "a" : "b", random.Next(3) == 0),
            < 96 => new Reconcile(),
            _ => new Advance(random.Next(1, 60)),
        };
    }

    // Of one batch no two have a priority in common: then no two have a rank.
    private NewOne New(int place) => new(
        ++_jobs,
        random.Next(3) == 0 ? "b" : "a",
        (random.Next(10) * 7) + place - 30,
        random.Next(4) == 0 ? random.Next(1, 60) : 0,
        random.Next(4) == 0 ? (random.Next(2) == 0 ? "~" : "") + $"u{random.Next(4)}" : null,
        random.Next(2) == 0 ? Keys[random.Next(Keys.Length)] : null,
        random.Next(1, 5));

    private int Job() => random.Next(3) == 0 ? random.Next(1, Math.Max(2, _jobs + 1)) : Math.Max(1, _jobs - random.Next(20));

    private string Node(QueueModel model) => model.Live[random.Next(model.Live.Count)];

    /// <summary>Of what runs now, or did once.</summary>
    private IEnumerable<Lease> Some(QueueModel model, int most, string? node = null)
    {
        var now = model.Jobs.Where(j => j.State == "running" && (node is null || j.Node == node)).Select(j => new Lease(j.N, j.LeaseNo)).ToArray();
        var ever = model.Claims.Where(c => node is null || c.Node == node).TakeLast(40).Select(c => c.Lease).ToArray();
        for (var n = random.Next(1, most + 1); n > 0; n--)
        {
            var from = random.Next(8) == 0 ? ever : now;
            if (from.Length > 0)
            {
                yield return from[random.Next(from.Length)];
            }
        }
    }

    private Finish Ended(QueueModel model)
    {
        var node = model.Claims.Count > 0 && random.Next(6) == 0 ? model.Claims[random.Next(model.Claims.Count)].Node : Node(model);
        return new Finish(node, [.. Some(model, 4, node).DistinctBy(l => l.N).Select(l => new End(l.N, l.LeaseNo, Outcomes[random.Next(Outcomes.Length)], random.Next(40)))]);
    }

    private static readonly Outcome[] Outcomes = [Outcome.Done, Outcome.Done, Outcome.Done, Outcome.Retry, Outcome.Retry, Outcome.Retry, Outcome.Snooze, Outcome.Dead, Outcome.Cancelled, Outcome.GivenBack];
}
