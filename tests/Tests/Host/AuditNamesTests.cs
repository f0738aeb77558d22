using System.Text.RegularExpressions;
using Rondo.Host;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Of every piece of work that writes it is decided whether it is written down: a change that somebody can make must not come in without a rule.</summary>
public sealed partial class AuditNamesTests
{
    // What nobody asked for and nobody need be told of who did it: the program's own books (leases, claims, ends of runs, marks, roll-ups, retention by age), records that are their own proof (jobs that
    // programs enqueue, events, tickets, polls on demand), and what the trail writes of itself. Work that a person or a program from outside can ask for belongs into AuditRules.
    private static readonly string[] _notWritten =
    [
        "audit.accept", "audit.rotate_key", "audit.seal", "hints.send",
        "imports.again", "imports.begin", "imports.chunk", "imports.fail", "imports.intervals", "imports.kept", "imports.prune.details", "imports.series", "imports.source.forget", "imports.source.seen", "imports.undo.slice", "imports.vault.remove",
        "jobs.alone.over", "jobs.balance.carry", "jobs.balance.old", "jobs.balance.store", "jobs.balance.take", "jobs.batch.add", "jobs.batch.cancel", "jobs.batch.enqueue", "jobs.batch.scan", "jobs.batch.seal",
        "jobs.batch.start", "jobs.cancel.idle", "jobs.claim", "jobs.claim.alone", "jobs.enqueue", "jobs.enqueue.chain", "jobs.enqueue.many", "jobs.enqueue.unique", "jobs.finish", "jobs.finish.one", "jobs.follow",
        "jobs.follow.all", "jobs.follow.knocks", "jobs.follow.now", "jobs.follow.up", "jobs.forget", "jobs.forget.said", "jobs.gate", "jobs.look", "jobs.look.around", "jobs.look.news", "jobs.room", "jobs.tell",
        "live.publish_signed", "live.sequence", "live.ticket.add", "live.ticket.take", "live.trim",
        "nodes.beat", "nodes.end", "nodes.renew", "polling.now.answer", "polling.now.ask", "polling.record", "polling.record.one", "polling.release", "polling.seen", "polling.takes_work",
        "quality.findings.drop", "quality.found", "quality.judging", "quality.late.found", "quality.told", "readings.archive", "readings.partitions", "readings.retention.drop", "readings.retention.duplicates",
        "rollups.mark.all", "rollups.step", "rollups.zone.mark", "schedules.compare", "schedules.define", "schedules.fire", "schedules.forget", "schedules.links", "schema.migrate", "security.token.used",
        "upkeep.plans", "upkeep.prepare",
    ];

    [Fact]
    public void Every_piece_of_work_that_writes_has_a_rule_or_is_named_as_one_that_needs_none()
    {
        var names = Sources().SelectMany(s => Work().Matches(s.Text).Select(m => m.Groups["name"].Value)).ToHashSet(StringComparer.Ordinal);
        Assert.True(names.Count > 100, "the source is read");
        var undecided = names.Except(AuditRules.All.Keys).Except(_notWritten).Order(StringComparer.Ordinal).ToList();
        Assert.True(undecided.Count == 0, $"without a rule in AuditRules, and not named in _notWritten: {string.Join(", ", undecided)}");
        Assert.Empty(_notWritten.Intersect(AuditRules.All.Keys));

        // Neither list has what there is no more.
        Assert.Empty(_notWritten.Except(names));
        Assert.Empty(AuditRules.All.Keys.Except(names));
    }

    [Fact]
    public void Every_action_is_in_the_documentation_and_every_one_there_is_in_the_source()
    {
        var documented = Quoted().Matches(File.ReadAllLines(Repository.At("docs", "concepts", "audit.md")).Single(l => l.StartsWith("| `action`, `subject` |", StringComparison.Ordinal)))
            .Select(m => m.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        var sources = Sources().ToList();
        var actions = sources.Where(s => s.Name is "AuditRules.cs" or "AuditTrail.cs" or "AuditRotation.cs").SelectMany(s => Action().Matches(s.Text)).Select(m => m.Groups["name"].Value)
            .Concat(sources.SelectMany(s => Label().Matches(s.Text)).Select(m => m.Groups["name"].Value)).ToHashSet(StringComparer.Ordinal);
        Assert.True(actions.Count > 30, string.Join(", ", actions));
        Assert.Equal([], actions.Except(documented).Order(StringComparer.Ordinal));
        Assert.Equal([], documented.Where(a => !sources.Exists(s => s.Text.Contains('"' + a + '"', StringComparison.Ordinal))).Where(a => !Verbs().IsMatch(a)));
    }

    private static IEnumerable<(string Name, string Text)> Sources() => Repository.Files("src", "*.cs").Select(f => (Path.GetFileName(f), File.ReadAllText(f)));

    // Also by methods of a class's own that hand their name on.
    [GeneratedRegex("""(?:WriteAsync|WriteLongAsync|WriteBrieflyAsync|WriteAgainAsync|WriteHeldAsync|WriteUnflushed|Write|Tell|ChangeAsync)(?:<[^;()]*?>)?\(\s*"(?<name>[a-z]+\.[a-z_.]*[a-z])"\s*,""")]
    private static partial Regex Work();

    [GeneratedRegex("""(?:new AuditDraft|States|Secret|Import)\(\s*(?:[a-zA-Z. ]+ \? )?"(?<name>[a-z]+\.[a-z_]+)"(?: : "(?<name>[a-z]+\.[a-z_]+)")?""")]
    private static partial Regex Action();

    [GeneratedRegex("""(?:Labelled|By\(\w+(?:\.\w+)?,|new AuditLabel)\(?\s*"(?<name>[a-z]+\.[a-z_]+)""")]
    private static partial Regex Label();

    // Put together in the source of their noun and their verb.
    [GeneratedRegex("^(jobs|schedules)\\.(change|retry|cancel|discard|release)$")]
    private static partial Regex Verbs();

    [GeneratedRegex("`(?<name>[a-z]+\\.[a-z_.]+)`")]
    private static partial Regex Quoted();
}
