using Rondo.Nodes;
using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>One thing the audit found.</summary>
/// <param name="Code">What kind: <c>dead_owner</c>, <c>dead_node</c>, <c>stale_breaker</c>, <c>removed_group</c>, <c>stuck_account</c>, <c>plan_mismatch</c>.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Message">What was found.</param>
/// <param name="Cleaned">True when it was put right; false in a dry run, and for what only a person can judge.</param>
public sealed record AuditItem(string Code, string Subject, string Message, bool Cleaned);

/// <summary>What an audit found and cleaned.</summary>
/// <param name="Items">Each thing.</param>
/// <param name="IsDryRun">True when nothing was changed.</param>
public sealed record AuditReport(IReadOnlyList<AuditItem> Items, bool IsDryRun)
{
    /// <summary>How many things were found.</summary>
    public int Found => Items.Count;

    /// <summary>How many of them were put right.</summary>
    public int Cleaned => Items.Count(i => i.Cleaned);
}

/// <summary>Looks for what should not be: ownership of dead nodes, stale breakers, left-overs of removed groups, accounts that do not move. A second run finds nothing that the first could clean.</summary>
public static class Auditor
{
    // After an outage accounts lag until what was kept in memory is written.
    private static readonly TimeSpan _recovery = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan _nodesKept = TimeSpan.FromDays(7);

    private static readonly Sql _live = new("audit.live", "select id from node where state = 'live'");

    private static readonly Sql _owners = new("audit.owners", "select id, address, owner from endpoint where owner is not null order by id");

    // Whoever claims it is to know that it was a dead node's (OwnershipStore).
    private static readonly Sql _clearOwner = new("audit.owner.clear", """
        update endpoint set owner = null, claimed_at = null where id = @id and owner = @owner and owner not in (select node.id from node where node.state = 'live')
        """);

    // A breaker is stale when nobody can act on it: its device is removed, paused, or, an hour later, not owned by a live node.
    private static readonly Sql _breakers = new("audit.breakers", """
        select d.id, d.name, e.owner, case when d.removed_at is not null or d.status = 'paused' then {true} else {false} end as is_over
        from device d join endpoint e on e.id = d.endpoint_id
        where d.breaker_until is not null and (d.removed_at is not null or d.status = 'paused' or d.breaker_until < @before)
        order by d.id
        """);

    private static readonly Sql _clearBreaker = new("audit.breaker.clear", "update device set breaker_until = null where id = @id");

    private static readonly Sql _openPlans = new("audit.plans", """
        select g.id, d.name || '/' || g.name as name from poll_group g join device d on d.id = g.device_id
        where (g.removed_at is not null or d.removed_at is not null)
          and (exists (select 1 from poll_plan p where p.group_id = g.id and p.until_at is null)
            or exists (select 1 from point o where o.group_id = g.id and o.removed_at is null))
        """);

    private static readonly Sql _removePoints = new("audit.points", "update point set removed_at = @at where group_id = @id and removed_at is null");

    // An enabled group has one open plan of its own interval and phase, any other none. Only somebody who wrote past the program can have made it otherwise.
    private static readonly Sql _mismatches = new("audit.mismatches", """
        select g.id, d.name || '/' || g.name as name from poll_group g join device d on d.id = g.device_id, polling_state s
        where g.removed_at is null and d.removed_at is null
          and (case when s.enabled = {true} and d.enabled = {true} and d.stopped = {false} and g.enabled = {true} then 1 else 0 end)
            <> (select coalesce(sum(case when p.interval_us = g.interval_us and p.phase_us = g.phase_us then 1 else 2 end), 0)
                from poll_plan p where p.group_id = g.id and p.until_at is null)
        """);

    // So that nodes that run hear of it.
    private static readonly Sql _touch = new("audit.touch", "update device set revision = @revision where id = (select device_id from poll_group where id = @id)");

    // Behind its plan by more than the owner's normal delay. One that nobody owns is moved by whoever claims it.
    private static readonly Sql _stuck = new("audit.accounts", """
        select g.id, d.name || '/' || g.name as name, g.accounted_to, e.owner, e.id as endpoint_id
        from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id
        where exists (select 1 from poll_plan p where p.group_id = g.id
          and (p.until_at is null or p.until_at > g.accounted_to) and p.from_at < @before)
          and g.accounted_to < @before
        """);

    private static readonly Sql _interval = new("audit.interval", "select coalesce(max(interval_us), 0) from poll_plan where group_id = @id and (until_at is null or until_at > @now)");

    private static readonly Sql _newest = new("audit.newest", "select max(slot) from poll");

    private static readonly Sql _giveUp = new("audit.give.up", "update endpoint set owner = null where id = @id and owner = @owner");

    /// <summary>Runs the audit.</summary>
    /// <param name="database">The database.</param>
    /// <param name="dryRun">True: only say what would be cleaned.</param>
    /// <param name="me">Incarnation of the running node that asks, or empty.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="judge">The running node that asks, which leaves to its own beat what only watching can tell; null for a command.</param>
    public static async Task<AuditReport> RunAsync(Database database, bool dryRun, string me, CancellationToken stop, Node? judge = null)
    {
        // Looked at first, since to clean is to hold up everybody who records, and mostly there is nothing.
        var address = database.Address;
        var found = await database.ReadAsync("polling.audit", tx => Run(tx, address, me, judge, dryRun: true), stop).ConfigureAwait(false);
        return dryRun || found.Items.Count == 0
            ? found with { IsDryRun = dryRun }
            : await database.WriteLongAsync("polling.audit", tx => Run(tx, address, me, judge, dryRun: false), stop).ConfigureAwait(false);
    }

    private static AuditReport Run(Transaction tx, DatabaseAddress address, string me, Node? judge, bool dryRun)
    {
        if (!dryRun)
        {
            // It writes devices, which batches write as well: first the gate, as in every change.
            PlanGate.Change(tx);
        }

        var items = new List<AuditItem>();
        // Who is dead is told apart here and not by the statements: a dry run, which buries nobody, has to find what would be left of those it would bury.
        var dead = Nodes(tx, address, me, judge is not null, dryRun, items);
        var live = tx.Query<string>(_live).Where(id => !dead.Contains(id)).ToHashSet();
        Owners(tx, live, dryRun, items);
        Breakers(tx, live, dryRun, items);
        Removed(tx, dryRun, items);
        Plans(tx, dryRun, items);
        if (!dryRun && items.Exists(i => i.Code is "removed_group" or "plan_mismatch"))
        {
            PlanStore.Follow(tx, tx.Now + FleetApply.Lead);
        }

        Accounts(tx, live, judge, dryRun, items);
        return new AuditReport(items, dryRun);
    }

    private static HashSet<string> Nodes(Transaction tx, DatabaseAddress address, string me, bool isWatched, bool dryRun, List<AuditItem> items)
    {
        var dead = new HashSet<string>();
        foreach (var node in NodeRegister.All(tx))
        {
            // After an outage or a step of the clock every lease has run out for a moment: where nodes watch each other, only they declare each other dead.
            var isDead = isWatched && address.Kind == DatabaseKind.Postgres ? NodeRegister.IsGone(node) : !NodeRegister.IsRunning(node, address, tx.Now);
            if (node.State == "live" && node.Id != me && isDead)
            {
                // One that a late batch holds is not buried this time, so what it owns is still its own.
                var cleaned = !dryRun && NodeRegister.Bury(tx, node.Id);
                items.Add(new AuditItem("dead_node", node.Id, $"node {node.Id} on {node.Host} (pid {node.Pid}) is called live and does not run", cleaned));
                if (cleaned || dryRun)
                {
                    dead.Add(node.Id);
                }
            }
        }

        if (!dryRun)
        {
            NodeRegister.Forget(tx, tx.Now - _nodesKept);
        }

        return dead;
    }

    private static void Owners(Transaction tx, HashSet<string> live, bool dryRun, List<AuditItem> items)
    {
        foreach (var row in tx.Query<OwnerRow>(_owners).Where(row => !live.Contains(row.Owner)))
        {
            var cleaned = !dryRun && tx.Execute(_clearOwner, new { id = row.Id, owner = row.Owner }) == 1;
            items.Add(new AuditItem("dead_owner", row.Address, $"endpoint {row.Address} is owned by {row.Owner}, which is not live", cleaned));
        }
    }

    private static void Breakers(Transaction tx, HashSet<string> live, bool dryRun, List<AuditItem> items)
    {
        foreach (var row in tx.Query<BreakerRow>(_breakers, new { before = tx.Now - TimeSpan.FromHours(1) }))
        {
            if (!row.IsOver && row.Owner is { } owner && live.Contains(owner))
            {
                continue;
            }

            var cleaned = !dryRun && tx.Execute(_clearBreaker, new { id = row.Id }) == 1;
            items.Add(new AuditItem("stale_breaker", row.Name, $"device {row.Name} has an open breaker that nobody acts on", cleaned));
        }
    }

    private static void Removed(Transaction tx, bool dryRun, List<AuditItem> items)
    {
        var found = tx.Query<NameRow>(_openPlans);
        Touch(tx, dryRun, found);
        foreach (var row in found)
        {
            if (!dryRun)
            {
                tx.Execute(_removePoints, new { id = row.Id, at = tx.Now });
            }

            items.Add(new AuditItem("removed_group", row.Name, $"group {row.Name} is removed and still has an open plan or points", !dryRun));
        }
    }

    private static void Plans(Transaction tx, bool dryRun, List<AuditItem> items)
    {
        var found = tx.Query<NameRow>(_mismatches);
        Touch(tx, dryRun, found);
        foreach (var row in found)
        {
            items.Add(new AuditItem("plan_mismatch", row.Name, $"the plan of group {row.Name} is not what its configuration says", !dryRun));
        }
    }

    private static void Touch(Transaction tx, bool dryRun, List<NameRow> groups)
    {
        if (groups.Count == 0 || dryRun)
        {
            return;
        }

        var revision = FleetStore.BeginChange(tx).Revision;
        foreach (var row in groups)
        {
            tx.Execute(_touch, new { id = row.Id, revision });
        }
    }

    /// <summary>
    /// An account that stands still while others are recorded is given up with its endpoint: whoever claims that next, its owner among them, takes the
    /// account over from the ledger and records what is missing. When nothing at all is recorded, the ledger is what stands still, and claiming
    /// would lose what is kept in memory meanwhile.
    /// </summary>
    private static void Accounts(Transaction tx, HashSet<string> live, Node? judge, bool dryRun, List<AuditItem> items)
    {
        var isRecording = tx.First<Instant?>(_newest) is { } newest && tx.Now - newest < TimeSpan.FromMinutes(2)
            && (judge is null || judge.Roster.ConnectedFor is not { } connected || connected > _recovery);
        foreach (var row in tx.Query<AccountRow>(_stuck, new { before = tx.Now - TimeSpan.FromMinutes(2) }))
        {
            var interval = TimeSpan.FromMicroseconds(tx.First<long>(_interval, new { id = row.Id, now = tx.Now }));
            if (row.Owner is null || !live.Contains(row.Owner) || tx.Now - row.AccountedTo <= (interval * 2) + TimeSpan.FromMinutes(2))
            {
                // Nobody owns it: whoever claims it accounts for the gap; within two intervals: nothing was due.
                continue;
            }

            // A node that runs gives up its own only; what is another's, that one knows better.
            var cleans = isRecording && !dryRun && (judge is null || row.Owner == judge.Id);
            items.Add(new AuditItem("stuck_account", row.Name, $"group {row.Name} is owned by {row.Owner} but accounted only to {row.AccountedTo}", cleans));
            if (cleans)
            {
                tx.Execute(_giveUp, new { id = row.EndpointId, owner = row.Owner });
            }
        }
    }

    private sealed class OwnerRow
    {
        public long Id { get; init; }

        public string Address { get; init; } = "";

        public string Owner { get; init; } = "";
    }

    private sealed class NameRow
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";
    }

    private sealed class BreakerRow
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public string? Owner { get; init; }

        public bool IsOver { get; init; }
    }

    private sealed class AccountRow
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public Instant AccountedTo { get; init; }

        public long EndpointId { get; init; }

        public string? Owner { get; init; }
    }
}
