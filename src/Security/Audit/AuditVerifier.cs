using System.Text.Json.Nodes;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>One thing that contradicts the audit trail.</summary>
/// <param name="Code"><c>changed</c>, <c>removed</c>, <c>moved</c>, <c>doubled</c>, <c>unsealed</c> (waits for more than a minute), <c>cut_off</c>, <c>other_trail</c>, <c>other_key</c>, <c>head</c>, <c>forged</c> (among what waits) or <c>no_anchor</c>.</param>
/// <param name="No">The number of the row; 0 for none.</param>
/// <param name="Message">A sentence.</param>
public sealed record AuditFinding(string Code, long No, string Message);

/// <summary>What a walk through the audit trail found.</summary>
/// <param name="Rows">Rows that are sealed.</param>
/// <param name="Waiting">Rows that wait to be sealed.</param>
/// <param name="Anchored">The last number that is kept outside the database; null when nothing is.</param>
/// <param name="Findings">What contradicts it; at most 100.</param>
public sealed record AuditVerdict(long Rows, long Waiting, long? Anchored, IReadOnlyList<AuditFinding> Findings)
{
    /// <summary>True when nothing contradicts it.</summary>
    public bool IsClean => Findings.Count == 0;
}

/// <summary>Walks the whole trail by its numbers.</summary>
internal sealed class AuditVerifier
{
    private const int Piece = 1_000;
    private const int MostFindings = 100;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly List<AuditFinding> _findings = [];
    private readonly HashSet<string> _uids = new(StringComparer.Ordinal);
    private readonly Transaction _tx;
    private readonly AuditAnchor? _anchor;
    private readonly string _identity;
    private readonly AuditKeys _keys;
    private (string Id, byte[] Key) _force;

    // Of a hand-over: until when rows are taken that the key before has proved.
    private (string Id, byte[] Key, Instant Until)? _before;

    private AuditVerifier(Transaction tx, AuditKeys keys, AuditAnchor? anchor, string identity)
    {
        (_tx, _keys, _identity, _anchor) = (tx, keys, identity, anchor);
        _force = keys.Key();
    }

    public static AuditVerdict Run(Transaction tx, AuditKeys keys, AuditAnchor? anchor)
    {
        var head = AuditStore.Head(tx);
        return new AuditVerifier(tx, keys, anchor, head.Identity ?? "").Walk(head);
    }

    private AuditVerdict Walk(AuditStore.HeadRow head)
    {
        if (head.KeyId is { } named && _keys.Find(named) is null)
        {
            Found("other_key", 0, $"the trail goes by the key {named}, which this key ring does not have; it has {_force.Id}. Verify with the key ring it was begun with or its key rotated");
            return new AuditVerdict(head.LastNo, 0, _anchor?.No, _findings);
        }

        Begin(head);

        var (rows, at, seal, anchored) = (0L, 0L, "", "");
        while (AuditStore.Page(_tx, at, Piece) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                rows++;
                if (row.No != at + 1)
                {
                    Found("removed", at + 1, row.No == at + 2 ? $"row {at + 1} is missing" : $"rows {at + 1} to {row.No - 1} are missing");
                }

                Check(row, seal, isNext: row.No == at + 1);
                HandOver(row);
                (at, seal) = (row.No, row.Seal);
                anchored = row.No == _anchor?.No ? row.Seal : anchored;
            }
        }

        if (head.KeyId is not null && head.KeyId != _force.Id)
        {
            Found("head", at, $"the database says that the key {head.KeyId} is in force, but the trail was last handed over to {_force.Id}");
        }

        if (head.LastNo != at || head.LastSeal != seal)
        {
            Found("head", at, $"the trail ends with {at}, but the database says that it ends with {head.LastNo}");
        }

        CheckAnchor(rows, at, anchored);
        return new AuditVerdict(rows, CheckWaiting(), _anchor?.No, _findings);
    }

    private void Check(AuditRow row, string before, bool isNext)
    {
        if (_before is { } late && row.At > late.Until)
        {
            _before = null;
        }

        if (!IsProved(row))
        {
            Found("changed", row.No, $"row {row.No} ({row.Action} {row.Subject}) was changed, or written by somebody without the key");
        }

        // After a gap nothing is known of the seal before.
        if (isNext && !AuditMac.Same(row.Seal, AuditMac.Seal(_force.Key, _identity, row.No, before, row.Proof)))
        {
            Found("moved", row.No, $"row {row.No} ({row.Action} {row.Subject}) does not follow the one before it: one of them was put there, moved or changed");
        }

        if (!_uids.Add(row.Uid))
        {
            Found("doubled", row.No, $"row {row.No} ({row.Action} {row.Subject}) is a copy of another one");
        }
    }

    /// <summary>The key that the trail begins with: the first of the ring, or that of another ring before it was copied together.</summary>
    private void Begin(AuditStore.HeadRow head)
    {
        var first = AuditStore.Page(_tx, 0, 1);
        var id = first.Count > 0 ? first[0].KeyId : head.KeyId;
        if (id is not null && _keys.Find(id) is { } key)
        {
            _force = (id, key);
        }
    }

    private bool IsProved(AuditRow row)
    {
        var key = row.KeyId == _force.Id ? _force.Key : _before is { } before && before.Id == row.KeyId ? before.Key : null;
        return key is not null && AuditMac.Same(row.Proof, AuditMac.Proof(key, _identity, row));
    }

    /// <summary>Goes over to the key that a row hands over to, when both keys say so.</summary>
    private void HandOver(AuditRow row)
    {
        if (row.Action != AuditTrail.RotateAction || row.KeyId != _force.Id || !IsProved(row))
        {
            return;
        }

        if (_keys.Find(row.Subject) is not { } key)
        {
            Found("other_key", row.No, $"with row {row.No} the key {row.Subject} came into force, which this key ring does not have; verify with one that has it");
        }
        else if (JsonNode.Parse(row.AfterJson ?? "{}")?["mac"]?.GetValue<string>() is not { } mac || !AuditMac.Same(mac, AuditMac.HandOver(key, _identity, _force.Id, row.Subject)))
        {
            Found("forged", row.No, $"row {row.No} hands over to the key {row.Subject}, but was written by somebody without it");
        }
        else
        {
            _before = (_force.Id, _force.Key, row.At + AuditTrail.Late);
            _force = (row.Subject, key);
        }
    }

    private void CheckAnchor(long rows, long last, string anchored)
    {
        if (_anchor is null)
        {
            if (rows > 0)
            {
                Found("no_anchor", 0, "nothing outside the database says where the trail ends, so nobody can tell whether its end was cut off; this is not the key ring of whoever seals it, or the anchor was removed");
            }
        }
        else if (_anchor.Identity != _identity)
        {
            Found("other_trail", 0, $"the key ring knows another trail of this database ({_anchor.Identity}, up to {_anchor.No}) than the one that is there: it was replaced");
        }
        else if (last < _anchor.No)
        {
            Found("cut_off", last, $"the trail ends with {last}, but it was sealed up to {_anchor.No}: the end was cut off, or the database was restored from an older copy");
        }
        else if (_anchor.No > 0 && anchored != _anchor.Seal)
        {
            Found("changed", _anchor.No, $"row {_anchor.No} is not the one that was sealed under that number");
        }
    }

    private long CheckWaiting()
    {
        var waiting = AuditStore.Waiting(_tx, 10_000);
        foreach (var row in waiting)
        {
            if (!IsProved(row))
            {
                Found("forged", 0, $"among what waits to be sealed, {row.Action} {row.Subject} of {row.At} was changed, or written by somebody without the key");
            }
            else if (!_uids.Add(row.Uid))
            {
                Found("doubled", 0, $"among what waits to be sealed, {row.Action} {row.Subject} of {row.At} is a copy of another row: somebody has put it there");
            }
        }

        // Whoever keeps a row from being sealed can remove it unseen.
        var late = waiting.FindAll(r => r.At < _tx.Now - Longest);
        if (late.Count > 0)
        {
            Found("unsealed", 0, $"{late.Count} rows wait to be sealed since {late.Min(r => r.At)}, which takes a second where a server runs: none does, or sealing fails (/health/detailed says why)");
        }

        return waiting.Count;
    }

    private void Found(string code, long no, string message)
    {
        if (_findings.Count < MostFindings)
        {
            _findings.Add(new AuditFinding(code, no, message));
        }
    }
}
