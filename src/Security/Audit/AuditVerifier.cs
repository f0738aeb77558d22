using Rondo.Storage;

namespace Rondo.Security;

/// <summary>One thing that contradicts the audit trail.</summary>
/// <param name="Code"><c>changed</c>, <c>removed</c>, <c>inserted</c>, <c>moved</c>, <c>doubled</c>, <c>cut_off</c>, <c>other_trail</c>, <c>other_key</c>, <c>head</c>, <c>forged</c> (among what waits) or <c>no_anchor</c>.</param>
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
    private readonly List<AuditFinding> _findings = [];
    private readonly HashSet<string> _uids = new(StringComparer.Ordinal);
    private readonly Transaction _tx;
    private readonly AuditAnchor? _anchor;
    private readonly string _identity;
    private readonly string _keyId;
    private readonly byte[] _key;

    private AuditVerifier(Transaction tx, AuditKeys keys, string identity)
    {
        (_tx, _identity, _anchor) = (tx, identity, keys.Anchor());
        (_keyId, _key) = keys.Key();
    }

    public static AuditVerdict Run(Transaction tx, AuditKeys keys)
    {
        var head = AuditStore.Head(tx);
        return new AuditVerifier(tx, keys, head.Identity ?? "").Walk(head);
    }

    private AuditVerdict Walk(AuditStore.HeadRow head)
    {
        if (head.KeyId is not null && head.KeyId != _keyId)
        {
            Found("other_key", 0, $"the trail was begun with the key {head.KeyId}; this key ring has {_keyId}. Verify with the key ring it was begun with");
            return new AuditVerdict(head.LastNo, 0, _anchor?.No, _findings);
        }

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
                (at, seal) = (row.No, row.Seal);
                anchored = row.No == _anchor?.No ? row.Seal : anchored;
            }
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
        var isKnown = row.KeyId == _keyId;
        if (!isKnown || !AuditMac.Same(row.Proof, AuditMac.Proof(_key, _identity, row)))
        {
            Found("changed", row.No, $"row {row.No} ({row.Action} {row.Subject}) was changed, or written by somebody without the key");
        }

        // After a gap nothing is known of the seal before.
        if (isNext && !AuditMac.Same(row.Seal, AuditMac.Seal(_key, _identity, row.No, before, row.Proof)))
        {
            Found("moved", row.No, $"row {row.No} ({row.Action} {row.Subject}) does not follow the one before it: one of them was put there, moved or changed");
        }

        if (!_uids.Add(row.Uid))
        {
            Found("doubled", row.No, $"row {row.No} ({row.Action} {row.Subject}) is a copy of another one");
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
        foreach (var row in waiting.Where(r => r.KeyId != _keyId || !AuditMac.Same(r.Proof, AuditMac.Proof(_key, _identity, r))))
        {
            Found("forged", 0, $"among what waits to be sealed, {row.Action} {row.Subject} of {row.At} was changed, or written by somebody without the key");
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
