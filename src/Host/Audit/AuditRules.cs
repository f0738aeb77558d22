using System.Text.Json;
using System.Text.Json.Nodes;
using Rondo.Host.Commands;
using Rondo.Imports;
using Rondo.Imports.Monitoring;
using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Polling.Runtime;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>
/// What is written down of which work, by the name of the work: every change that a command or a request can make. A test holds this list against the commands and endpoints that change something.
/// </summary>
internal static class AuditRules
{
    /// <summary>What a change of a schedule is called.</summary>
    public const string ScheduleChange = "schedules.change";

    // Beyond, one row says how many; each device of a file of thousands is not worth one of its own.
    private const int MostDevices = 200;

    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, AuditRule> All { get; } = new Dictionary<string, AuditRule>(StringComparer.Ordinal)
    {
        ["queues.pause"] = States("queues.change", StateStore.Queues),
        ["queues.scale"] = States("queues.change", StateStore.Queues),
        ["nodes.drain"] = States("nodes.drain", StateStore.Nodes, static result => result is ValueTuple<DrainResult, string> drain ? drain.Item2 : null),
        ["schedules.add"] = States(ScheduleChange, StateStore.Schedules),
        ["schedules.pause"] = States(ScheduleChange, StateStore.Schedules),
        ["schedules.remove"] = States(ScheduleChange, StateStore.Schedules),
        ["schedules.run"] = Results<Enqueued>((job, label) => new AuditDraft("schedules.run", label.Subject, null, Text(new { job = job.Id, is_new = job.IsNew }))),
        ["security.token.issue"] = States("tokens.change", StateStore.Tokens),
        ["security.token.revoke"] = States("tokens.change", StateStore.Tokens),
        ["security.user.add"] = States("users.change", StateStore.Users),
        ["security.user.passwd"] = States("users.change", StateStore.Users),
        ["security.user.role"] = States("users.change", StateStore.Users),
        ["security.user.remove"] = States("users.change", StateStore.Users),
        ["security.user.revoke"] = Results<UserRevoked>((u, _) => u.Sessions + u.Tokens.Count == 0 ? null : new AuditDraft("users.revoke", u.Name, Text(new { u.Sessions, u.Tokens }), Text(new { sessions = 0, tokens = Array.Empty<string>() }))),
        ["security.sign_in"] = Results<IssuedToken>(Began),
        ["security.welcome"] = Results<IssuedToken>(Began),
        ["security.sign_out"] = Results<TokenView>((s, label) => new AuditDraft("sessions.end", label.Subject, Text(new { session = s.Prefix, s.Role }), null)),
        ["devices.secret.set"] = Results<SecretChange>(Secret("devices.secret.set")),
        ["devices.secret.remove"] = Results<SecretChange>(Secret("devices.secret.remove")),
        ["secrets.rotate"] = Results<SecretRotation>((r, _) => new AuditDraft("secrets.rotate", "", Text(new { key = r.OldKey }), Text(new { key = r.NewKey, count = r.Secrets, r.IsResumed }))),
        ["secrets.reencrypt"] = Results<SecretBatch>((b, _) => b.Done == 0 ? null : new AuditDraft("secrets.reencrypt", "", null, Text(new { key = b.Key, count = b.Done, b.Unreadable }))),
        ["secrets.forget"] = Results<SecretsForgotten>((f, _) => f.Names.Count == 0 ? null : new AuditDraft("secrets.forget", $"{f.Names.Count} secrets", Text(new { names = f.Names }), null)),
        ["polling.intent"] = new(
            tx =>
            {
                Devices.Hold(tx);
                return (StateStore.IsPolling(tx), StateStore.Stopped(tx));
            },
            (tx, before, _, _) => Intents(((bool, List<string>))before!, (StateStore.IsPolling(tx), StateStore.Stopped(tx)))),
        ["devices.change"] = new(null, (_, _, result, _) => result is IFleetChange change ? Fleet(change.Diff) : []),
        ["polling.audit"] = Results<AuditReport>((report, _) => report.Cleaned == 0 ? null : new AuditDraft("polling.audit", "", null, Text(new { report.Found, report.Cleaned }))),
        ["jobs.act"] = new(null, Jobs),
        ["jobs.prune"] = Results<System.Collections.ICollection>((gone, label) => gone.Count == 0 ? null : new AuditDraft("jobs.prune", label.Subject, null, Text(new { deleted = gone.Count }))),
        ["jobs.balance.off"] = Results<object>((_, _) => new AuditDraft("jobs.write_off", "", null, null)),
        ["live.publish"] = Results<TestEvent>((said, _) => new AuditDraft("live.publish", said.Topic, null, Text(new { said.Name, data = JsonNode.Parse(said.Data) }))),
        ["jobs.enqueue.request"] = Results<Enqueued>((job, label) => job.IsNew ? new AuditDraft("jobs.enqueue", $"{job.Id}", null, Text(new { kind = label.Subject })) : null),
        ["jobs.release"] = Results<Released>((r, _) => r.Count + r.Buried == 0 ? null : new AuditDraft("jobs.release", Names(r.Nodes), Text(new { running = r.Count + r.Buried }), Text(new { ready = r.Count, dead = r.Buried }))),
        ["jobs.keys"] = Results<KeyRepair>((r, _) => r.Slots + r.UniqueKeys == 0 ? null : new AuditDraft("jobs.keys", "", Text(new { slots = r.Slots, unique_keys = r.UniqueKeys }), Text(new { slots = 0, unique_keys = 0 }))),
        ["polling.claim"] = new(null, (_, _, result, _) => result is List<ClaimedRow> rows
            ? rows.Where(r => r.Owner is not null).GroupBy(r => r.Owner!, StringComparer.Ordinal).Select(g => new AuditDraft("polling.take_over", g.Key, null, Text(new { endpoints = g.Count() })))
            : []),
        ["nodes.reap"] = Results<NodeBurial>((node, _) => Buried(node, "its lease lapsed")),
        ["nodes.reap.end"] = Results<NodeBurial>((node, _) => Buried(node, "its lease lapsed while a batch of its stood still")),
        ["nodes.give_up"] = Results<NodeBurial>((node, _) => Buried(node, "its own loops were stuck")),
        ["nodes.refused"] = Results<RefusedOutcomes>((late, _) => new AuditDraft("nodes.refused", late.Node, null, Text(new { outcomes = late.Count }))),
        ["nodes.register"] = new(null, (_, _, result, _) => result is List<NodeBurial> gone ? gone.Select(node => Buried(node, "its process is gone")) : []),
        ["imports.add"] = Results<ImportAdded>((added, label) => added.IsNew ? new AuditDraft("imports.add", $"{added.Id}", null, Text(new { file = label.Subject })) : null),
        ["imports.retry"] = Results<ImportChange>((change, _) => Import("imports.retry", change)),
        ["imports.cancel"] = Results<ImportChange>((change, _) => Import("imports.cancel", change)),
        ["imports.undo"] = Results<ImportChange>((change, _) => Import("imports.undo", change)),
        ["rollups.zone"] = Results<ZoneChange>((zone, _) => new AuditDraft("site.time_zone", "", Text(new { zone = zone.Before }), Text(new { zone = zone.After }))),
        ["readings.prune"] = Results<List<RetentionCut>>((cuts, _) => new AuditDraft("readings.prune", "", null, Text(cuts.Select(c => new { @class = c.Class.Word(), tier = c.Tier.Word(), before = c.Before })))),
        ["readings.swap"] = Results<SwapChange>((change, _) => change.Swap is not { } swap ? null
            : new AuditDraft("readings.swap", swap.Series, change.IsRemoved ? Text(new { swap.At, swap.OldEnd, swap.NewStart }) : null, change.IsRemoved ? null : Text(new { swap.At, swap.OldEnd, swap.NewStart }))),
        ["imports.alert"] = Results<AlertPiece>((told, _) => told.Ids.Count == 0 ? null : new AuditDraft("imports.alert", Imports(told.Ids), null, Text(new { told = told.Ids.Count, first = told.Ids[0], last = told.Ids[^1], told.IsSummary }))),
        ["imports.settle"] = Results<List<long>>((ids, _) => ids.Count == 0 ? null : new AuditDraft("imports.settle", Imports(ids), null, Text(new { settled = ids.Count, first = ids[0], last = ids[^1] }))),
        ["imports.stuck"] = Results<ImportChange>((change, _) => Import("imports.stuck", change)),
        ["imports.prune"] = Results<List<PrunedImport>>((gone, label) => gone.Count == 0 ? null : new AuditDraft("imports.prune", label.Subject, null, Text(new { deleted = gone.Count, first = gone[0].Id, last = gone[^1].Id }))),
        ["batches.cancel"] = Results<object>((wanted, label) => wanted is true ? new AuditDraft("batches.cancel", label.Subject, Text(new { is_cancelled = false }), Text(new { is_cancelled = true })) : null),
    };

    /// <summary>
    /// Every row of a small table, before and after: what differs is written down by its name. One such change at a time; and of a table that others than people change as well
    /// (a node registers or dies, a program defines its schedules) only what this one was about, by its result or by what whoever asks says.
    /// </summary>
    private static AuditRule States<T>(string action, Func<Transaction, List<T>> read, Func<object?, string?>? about = null)
        where T : StateStore.State => new(
        tx => Map(read(tx)),
        (tx, before, result, label) =>
        {
            var (was, now) = ((Dictionary<string, string>)before!, Map(read(tx)));
            var only = about?.Invoke(result) ?? (label.Action == action ? label.Subject : null);
            return was.Keys.Union(now.Keys).Where(name => only is null || name == only).Order(StringComparer.Ordinal)
                .Select(name => new AuditDraft(action, name, was.GetValueOrDefault(name), now.GetValueOrDefault(name)))
                .Where(draft => draft.Before != draft.After);
        },
        action);

    private static AuditRule Results<T>(Func<T, AuditLabel, AuditDraft?> say) =>
        new(null, (_, _, result, label) => result is T found && say(found, label) is { } draft ? [draft] : []);

    private static Func<SecretChange, AuditLabel, AuditDraft?> Secret(string action) => (change, _) => change.Outcome == SecretOutcome.Done
        ? new AuditDraft(action, $"{change.Device}/{change.Name}", State(change.Before), State(change.After))
        : null;

    private static AuditDraft Began(IssuedToken session, AuditLabel label) =>
        new("sessions.begin", label.Subject, null, Text(new { session = session.Token.Prefix, session.Token.Role, session.Token.ExpiresAt, ended = session.Ended.Count == 0 ? null : session.Ended }));

    // Never the value, nor what was made of it.
    private static string? State(SecretView? secret) => secret is null ? null : Text(new { secret.ChangedAt, secret.ChangedBy, key = secret.KeyId });

    private static AuditDraft Buried(NodeBurial node, string why) =>
        new("nodes.bury", node.Id, Text(new { state = "live", node.Host, node.Pid, node.Roles }), Text(new { state = "dead", why }));

    private static string Imports(IReadOnlyList<long> ids) => ids.Count == 1 ? $"{ids[0]}" : $"{ids.Count} imports";

    private static string Names(IReadOnlyList<string> names) => names.Count <= 5 ? string.Join(',', names) : $"{string.Join(',', names.Take(5))} and {names.Count - 5} more";

    private static Dictionary<string, string> Map<T>(List<T> states)
        where T : StateStore.State
    {
        // Two in force of one name there are never; while a token is rotated its row of before is gone already.
        return states.ToDictionary(s => s.Name, Text, StringComparer.Ordinal);
    }

    private static IEnumerable<AuditDraft> Intents((bool IsOn, List<string> Stopped) before, (bool IsOn, List<string> Stopped) after)
    {
        if (before.IsOn != after.IsOn)
        {
            yield return new AuditDraft(after.IsOn ? "polling.start" : "polling.stop", "", Text(new { enabled = before.IsOn }), Text(new { enabled = after.IsOn }));
        }

        foreach (var device in after.Stopped.Except(before.Stopped).Order(StringComparer.Ordinal))
        {
            yield return new AuditDraft("polling.stop", device, Text(new { stopped = false }), Text(new { stopped = true }));
        }

        foreach (var device in before.Stopped.Except(after.Stopped).Order(StringComparer.Ordinal))
        {
            yield return new AuditDraft("polling.start", device, Text(new { stopped = true }), Text(new { stopped = false }));
        }
    }

    private static IEnumerable<AuditDraft> Fleet(FleetDiff diff)
    {
        if (diff.Added.Count + diff.Changed.Count + diff.Removed.Count > MostDevices)
        {
            return
            [
                new AuditDraft(
                    "devices.apply", $"{diff.Added.Count + diff.Changed.Count + diff.Removed.Count} devices", null,
                    Text(new { added = diff.Added.Select(d => d.Name), changed = diff.Changed.Select(c => c.After.Name), removed = diff.Removed.Select(d => d.Name) })),
            ];
        }

        return diff.Added.Select(d => new AuditDraft("devices.add", d.Name, null, SpecJson.WriteDevice(d)))
            .Concat(diff.Changed.Select(c => new AuditDraft("devices.change", c.After.Name, Fields(c.Fields, f => f.Before), Fields(c.Fields, f => f.After))))
            .Concat(diff.Removed.Select(d => new AuditDraft("devices.remove", d.Name, SpecJson.WriteDevice(d), null)));
    }

    private static IEnumerable<AuditDraft> Jobs(Transaction tx, object? before, object? result, AuditLabel label) => result switch
    {
        JobChange { Refusal: null, Job: { } job } => [new AuditDraft(label.Action, $"{job.Id}", null, Text(new { job.State, job.Kind, job.Queue }))],
        List<JobAct> acts when acts.Exists(a => a.Refusal is null) => [new AuditDraft(label.Action, label.Subject, null, Text(new { changed = acts.Count(a => a.Refusal is null), refused = acts.Count(a => a.Refusal is not null) }))],
        _ => [],
    };

    private static AuditDraft? Import(string action, ImportChange change) => change is { Refusal: null, Row: { } row }
        ? new AuditDraft(action, $"{row.Id}", null, Text(new { row.State, row.File, job = action == "imports.undo" ? row.UndoJobId : row.JobId }))
        : null;

    private static string Fields(IReadOnlyList<FieldChange> fields, Func<FieldChange, string?> value) =>
        new JsonObject(fields.DistinctBy(f => f.Path).Select(f => KeyValuePair.Create(f.Path, (JsonNode?)value(f)))).ToJsonString(Json.Options);

    private static string Text(object state) => JsonSerializer.Serialize(state, state.GetType(), Json.Options);
}
