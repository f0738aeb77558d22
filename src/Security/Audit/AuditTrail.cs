using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// Who changed what: written in the transaction of the change, sealed right after. A row carries a proof by a key outside the database, its seal chains it to the one before, and
/// where the chain ends is kept outside as well. How that holds: docs/concepts/audit.md.
/// </summary>
/// <param name="keys">The key ring.</param>
public sealed partial class AuditTrail(AuditKeys keys)
{
    /// <summary>Topic of the hint that something waits to be sealed.</summary>
    public const string Topic = "audit";

    private const int Piece = 500;

    /// <summary>Rows that wait to be sealed.</summary>
    public static long Waiting(Transaction tx) => AuditStore.Count(tx);

    /// <summary>Opens the key ring, before a transaction that will write: what goes wrong there is better told before.</summary>
    /// <exception cref="StorageFault">It cannot be used.</exception>
    public void Prepare() => keys.Key();

    /// <summary>Writes down changes, in the transaction that makes them.</summary>
    /// <exception cref="StorageFault">The trail was begun with another key.</exception>
    public void Add(Transaction tx, Actor actor, IEnumerable<AuditDraft> drafts)
    {
        (string Identity, string Id, byte[] Key)? force = null;
        foreach (var draft in drafts)
        {
            var (identity, id, key) = force ??= Begun(tx);
            var row = Draft(tx, actor, draft, id);
            AuditStore.Add(tx, row.With(AuditMac.Proof(key, identity, row)));
        }
    }

    /// <summary>True when the trail of this database is not begun yet, or was begun with our key.</summary>
    internal bool IsOurs(Transaction tx) => AuditStore.Head(tx).KeyId is not { } begun || keys.Find(begun) is not null;

    /// <summary>Seals what waits, and keeps outside the database where the trail ends. Returns how many rows.</summary>
    /// <exception cref="StorageFault">The database or the key ring cannot be used, or the trail does not contain any more what was anchored: then it is sealed, and the anchor stays.</exception>
    public async Task<long> SealAsync(Database database, CancellationToken stop = default)
    {
        var total = 0L;
        while (await database.AskAsync("audit.is_waiting", AuditStore.IsWaiting, stop).ConfigureAwait(false))
        {
            keys.Key();
            var head = await database.WriteLongAsync("audit.seal", SealPiece, stop).ConfigureAwait(false);
            total += head.Count;
            await AnchorAsync(database, head, stop).ConfigureAwait(false);
            if (!head.IsMore)
            {
                return head.Copies == 0 ? total : throw new StorageFault(
                    StorageFaultKind.Corrupt,
                    $"{head.Copies} rows of the audit trail that wait to be sealed are copies of rows that are sealed: somebody has put them there, and they stay unsealed. See: rondo audit verify");
            }
        }

        return total;
    }

    /// <summary>
    /// Takes the trail as it is for the one that is sealed from now on, after the database was restored from a copy or its trail replaced on purpose: says so in the trail itself, and
    /// anchors its end. What <see cref="VerifyAsync"/> finds within it stays found.
    /// </summary>
    /// <exception cref="StorageFault">The database or the key ring cannot be used, or the trail was begun with another key.</exception>
    public async Task AcceptAsync(Database database, Actor actor, string reason, CancellationToken stop = default)
    {
        keys.Key();
        var known = keys.Anchor();
        var draft = new AuditDraft(
            "audit.accept", "", known is null ? null : System.Text.Json.JsonSerializer.Serialize(new { identity = known.Identity, no = known.No }), System.Text.Json.JsonSerializer.Serialize(new { reason }));
        await database.WriteAsync("audit.accept", tx => Add(tx, actor, [draft]), stop).ConfigureAwait(false);
        var head = await SealAllAsync(database, stop).ConfigureAwait(false);
        if (head.Copies > 0)
        {
            await database.WriteAsync(
                "audit.accept",
                tx => Add(tx, actor, [new AuditDraft("audit.accept", "", System.Text.Json.JsonSerializer.Serialize(new { copies = AuditStore.DropCopies(tx) }), System.Text.Json.JsonSerializer.Serialize(new { reason }))]),
                stop).ConfigureAwait(false);
            head = await SealAllAsync(database, stop).ConfigureAwait(false);
        }

        keys.SetAnchor(head.Identity, head.No, head.Seal, head.KeyId);
    }

    /// <summary>Rows, the newest first.</summary>
    public static Task<List<AuditRow>> ListAsync(Database database, AuditFilter filter, int limit, CancellationToken stop = default) =>
        database.ReadLongAsync("audit.list", tx => AuditStore.List(tx, filter, limit), stop);

    /// <summary>Changes that one request made, by correlation or trace id, in order.</summary>
    public static Task<List<AuditRow>> TracedAsync(Database database, string id, int limit, CancellationToken stop = default) =>
        database.ReadAsync("audit.trace", tx => AuditStore.Traced(tx, id, limit), stop);

    /// <summary>Rows after a number, the oldest first, for an export.</summary>
    public static Task<List<AuditRow>> PageAsync(Database database, long after, int limit, CancellationToken stop = default) =>
        database.ReadLongAsync("audit.page", tx => AuditStore.Page(tx, after, limit), stop);

    /// <summary>Walks the whole trail and names whatever contradicts it.</summary>
    public async Task<AuditVerdict> VerifyAsync(Database database, CancellationToken stop = default)
    {
        // The anchor before the rows: what is sealed and anchored while they are read must not look as if it had been cut off.
        var anchor = keys.Anchor();
        var verdict = await database.ReadLongAsync("audit.verify", tx => AuditVerifier.Run(tx, keys, anchor), stop).ConfigureAwait(false);
        return anchor is null && !verdict.IsClean && keys.Anchor() is { } first
            ? await database.ReadLongAsync("audit.verify", tx => AuditVerifier.Run(tx, keys, first), stop).ConfigureAwait(false)
            : verdict;
    }

    private static AuditRow Draft(Transaction tx, Actor actor, AuditDraft draft, string key) => new()
    {
        Uid = Ids.New(),
        At = tx.Now,
        ActorKind = actor.Kind,
        ActorName = Cut(actor.Name),
        ActorFrom = Cut(actor.From),
        Action = draft.Action,
        Subject = Cut(draft.Subject),
        BeforeJson = Masking.Apply(draft.Before),
        AfterJson = Masking.Apply(draft.After),
        CorrelationId = tx.Trace?.CorrelationId,
        TraceId = tx.Trace?.TraceId,
        KeyId = key,
    };

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200];

    private async Task<Sealed> SealAllAsync(Database database, CancellationToken stop)
    {
        while (true)
        {
            var head = await database.WriteLongAsync("audit.seal", SealPiece, stop).ConfigureAwait(false);
            if (!head.IsMore)
            {
                return head;
            }
        }
    }

    private Sealed SealPiece(Transaction tx)
    {
        // Held to the end: one sequencer at a time, so that the order of the numbers is that of the chain.
        var head = AuditStore.LockHead(tx);
        if (head.Identity is not { } identity)
        {
            throw new StorageFault(StorageFaultKind.Corrupt, "rows of the audit trail wait to be sealed, but the trail was never begun: somebody has changed its tables. See: rondo audit verify");
        }

        var (id, key) = (head.KeyId ?? "", Require(head.KeyId));
        var page = AuditStore.Next(tx, Piece);

        // Two of one name: the second is a copy of the first, and left where it is.
        var rows = page.DistinctBy(r => r.Uid, StringComparer.Ordinal).ToList();
        var (no, seal) = (head.LastNo, head.LastSeal);
        foreach (var row in rows)
        {
            seal = AuditMac.Seal(key, identity, ++no, seal, row.Proof);
            AuditStore.Seal(tx, row, no, seal);
        }

        AuditStore.Done(tx, [.. rows.Select(r => r.Id)]);
        AuditStore.MoveHead(tx, no, seal);
        var isMore = page.Count == Piece;
        return new Sealed(identity, no, seal, id, rows.Count, isMore, isMore ? 0 : AuditStore.Copies(tx));
    }

    private byte[] Require(string? begun) => (begun is null ? null : keys.Find(begun)) ?? throw new StorageFault(
        StorageFaultKind.Misuse,
        $"the audit trail of this database goes by another key ({begun}) than those of this key ring ({keys.Key().Id}), so no change can be written down and none is made. Copy the key ring from where it was begun or its key rotated, or name it by the setting keys.folder");

    private (string Identity, string Id, byte[] Key) Begun(Transaction tx)
    {
        var head = AuditStore.Head(tx);
        if (head.Identity is null)
        {
            AuditStore.Begin(tx, Ids.New(), keys.Key().Id);
            head = AuditStore.Head(tx);
        }

        return (head.Identity!, head.KeyId ?? "", Require(head.KeyId));
    }

    /// <summary>What one piece of sealing came to.</summary>
    /// <param name="Identity">Which trail.</param>
    /// <param name="No">The last number.</param>
    /// <param name="Seal">Its seal.</param>
    /// <param name="KeyId">By which key.</param>
    /// <param name="Count">How many rows were sealed.</param>
    /// <param name="IsMore">True when more may wait.</param>
    /// <param name="Copies">Rows that stay unsealed, since they are copies of sealed ones; counted with the last piece.</param>
    private sealed record Sealed(string Identity, long No, string Seal, string KeyId, int Count, bool IsMore = false, long Copies = 0);

    /// <summary>Holds what is anchored against the trail.</summary>
    /// <exception cref="StorageFault">The trail does not contain it any more, or it cannot be read.</exception>
    internal async Task CheckAsync(Database database, CancellationToken stop)
    {
        if (keys.HasAnchor)
        {
            var head = await database.AskAsync("audit.head", AuditStore.Head, stop).ConfigureAwait(false);
            await RequireAnchoredAsync(database, keys.Anchor(), head.Identity, stop).ConfigureAwait(false);
        }
    }

    private static async Task RequireAnchoredAsync(Database database, AuditAnchor? known, string? identity, CancellationToken stop)
    {
        if (known is null)
        {
            return;
        }

        var found = known.No == 0 ? null : await database.AskAsync("audit.row", tx => AuditStore.Row(tx, known.No), stop).ConfigureAwait(false);
        if (known.Identity != identity || (known.No > 0 && found?.Seal != known.Seal))
        {
            throw new StorageFault(
                StorageFaultKind.Corrupt,
                $"the audit trail does not contain any more what was sealed as number {known.No}: it was cut off, changed, or the database was restored from a copy. See: rondo audit verify");
        }
    }

    /// <summary>Moves the anchor on, if what it holds is still in the trail: else whoever cut the trail off would only have to wait.</summary>
    private async Task AnchorAsync(Database database, Sealed head, CancellationToken stop)
    {
        while (true)
        {
            var known = keys.Anchor();
            await RequireAnchoredAsync(database, known, head.Identity, stop).ConfigureAwait(false);

            // Each time it is another one by now, somebody else has moved it on.
            if (head.No <= known?.No || keys.MoveAnchor(known, head.Identity, head.No, head.Seal, head.KeyId))
            {
                return;
            }
        }
    }
}
