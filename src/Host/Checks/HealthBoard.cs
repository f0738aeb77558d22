using Rondo.Diagnostics;
using Rondo.Host.Http;
using Rondo.Polling.Proof;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Checks;

/// <summary>Remembers since when each reason has been there, and each part in its state. What this process has seen: a restart forgets it.</summary>
/// <param name="server">The server.</param>
internal sealed class HealthBoard(Server server)
{
    /// <summary>Rows of the audit trail that may wait to be sealed; they are sealed within a second.</summary>
    public const long MostUnsealed = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Code, string Subject), Instant> _since = [];
    private readonly Dictionary<string, (Health State, Instant Since)> _parts = new(StringComparer.Ordinal);

    /// <summary>State of each part at the last look; empty before the first.</summary>
    public IReadOnlyList<(string Part, Health State)> Last
    {
        get
        {
            lock (_gate)
            {
                return [.. _parts.Select(p => (p.Key, p.Value.State)).OrderBy(p => Array.IndexOf(Remedies.Parts, p.Key))];
            }
        }
    }

    /// <summary>Looks at everything now.</summary>
    public async Task<DetailedHealth> LookAsync(CancellationToken stop)
    {
        var facts = await HealthEndpoints.FactsAsync(server, stop).ConfigureAwait(false);
        var (_, jobs) = await JobHealthEndpoints.JudgeAsync(server, facts, stop).ConfigureAwait(false);
        var found = HealthReader.Judge(facts).Concat(jobs).Concat(Unsealed(facts.Fault is null ? await WaitingAsync(stop).ConfigureAwait(false) : 0)).Distinct().ToList();
        return Judge(found, facts.Now, facts.StartedAt);
    }

    /// <summary>What <paramref name="found"/> at <paramref name="now"/> means for each part.</summary>
    internal DetailedHealth Judge(IReadOnlyList<Finding> found, Instant now, Instant startedAt)
    {
        List<HealthPart> parts;
        lock (_gate)
        {
            foreach (var gone in _since.Keys.Where(known => !found.Any(f => (f.Code, f.Subject) == known)).ToList())
            {
                _since.Remove(gone);
            }

            foreach (var finding in found)
            {
                _since.TryAdd((finding.Code, finding.Subject), now);
            }

            parts = [.. Remedies.Parts.Select(name => Part_NeedsLock(name, found, now, startedAt))];
        }

        return new DetailedHealth(parts.Max(p => p.State), now, server.Node.Id, Server.Version, Math.Round((now - startedAt).TotalSeconds, 1), parts);
    }

    private async Task<long> WaitingAsync(CancellationToken stop)
    {
        try
        {
            return await server.Database.AskAsync("audit.count", AuditTrail.Waiting, stop).ConfigureAwait(false);
        }
        catch (StorageFault)
        {
            // Went away this moment: the next look says so.
            return 0;
        }
    }

    private static IEnumerable<Finding> Unsealed(long waiting) => waiting > MostUnsealed
        ? [new("audit.behind", Health.Degraded, "audit", $"{waiting} rows of the audit trail wait to be sealed, which takes a second otherwise")]
        : [];

    private HealthPart Part_NeedsLock(string name, IReadOnlyList<Finding> found, Instant now, Instant startedAt)
    {
        var reasons = found.Where(f => Remedies.PartOf(f.Code, f.Subject) == name).OrderByDescending(f => f.Severity)
            .Select(f => new PartReason(f.Code, f.Severity, f.Subject, f.Message, _since[(f.Code, f.Subject)], Remedies.All.GetValueOrDefault(f.Code, "See the reason"))).ToList();
        var state = reasons.Count == 0 ? Health.Healthy : reasons[0].Severity;
        if (!_parts.TryGetValue(name, out var last) || last.State != state)
        {
            // Nothing else was seen since the start.
            last = (state, last.Since == default && state == Health.Healthy ? startedAt : now);
            _parts[name] = last;
        }

        return new HealthPart(name, state, reasons.FirstOrDefault()?.Message, last.Since, reasons.FirstOrDefault()?.Todo, reasons);
    }
}
