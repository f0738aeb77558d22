using System.Security.Cryptography;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>What operators do about all secrets at once, with or without a server: look, verify, put them under another key, give up those that cannot be opened any more.</summary>
/// <param name="database">Migrated.</param>
/// <param name="box">Encrypts.</param>
public sealed class SecretOperations(Database database, SecretBox box)
{
    private const int Piece = 100;
    private const int MostProblems = 100;

    /// <summary>Every secret, without values.</summary>
    public async Task<IReadOnlyList<SecretView>> ListAsync(CancellationToken stop = default)
    {
        var all = new List<SecretView>();
        await EachPieceAsync(rows => all.AddRange(rows.Select(row => row.View())), stop).ConfigureAwait(false);
        return [.. all.OrderBy(s => s.OwnerKind, StringComparer.Ordinal).ThenBy(s => s.Owner, StringComparer.Ordinal).ThenBy(s => s.Name, StringComparer.Ordinal)];
    }

    /// <summary>Tries to open each.</summary>
    /// <exception cref="StorageFault">Database or ring cannot be used.</exception>
    public async Task<SecretVerdict> VerifyAsync(CancellationToken stop = default)
    {
        var (secrets, unreadable, problems) = (0L, 0L, new List<SecretProblem>());
        await EachPieceAsync(
            rows =>
            {
                foreach (var row in rows)
                {
                    secrets++;
                    var problem = box.TryOpen(row, out var value);
                    CryptographicOperations.ZeroMemory(value);
                    if (problem is null)
                    {
                        continue;
                    }

                    unreadable++;
                    if (problems.Count < MostProblems)
                    {
                        problems.Add(new SecretProblem(row.OwnerKind, row.Owner, row.Name, problem));
                    }
                }
            },
            stop).ConfigureAwait(false);
        return new SecretVerdict(secrets, unreadable, secrets == 0 ? null : box.Keys.Newest?.Id, problems);
    }

    /// <summary>What <see cref="RotateAsync"/> would do now.</summary>
    public Task<SecretRotation> PreviewAsync(CancellationToken stop = default) => database.ReadAsync("secrets.preview", tx => Decide(tx, () => null), stop);

    /// <summary>
    /// Makes a new key and puts every secret under it, 100 in a transaction. Where an earlier rotation was not finished, that one is finished and no further key is made. The old keys stay in the
    /// ring, for copies of the database that are older.
    /// </summary>
    /// <param name="keyOnly">Makes the key and puts nothing under it yet: for copying the ring to the other nodes first.</param>
    /// <param name="progress">Told after each transaction: how many are done, of how many.</param>
    /// <param name="stop">Ends it between two transactions.</param>
    /// <exception cref="StorageFault">Database or ring cannot be used, or the ring does not have a key that is in use.</exception>
    public async Task<SecretRotation> RotateAsync(bool keyOnly, Action<long, long>? progress = null, CancellationToken stop = default)
    {
        box.Prepare();
        SecretKey? made = null;
        var rotation = await database.WriteAsync("secrets.rotate", tx => Decide(tx, () => made ??= box.Keys.Make(isFirst: false)), stop).ConfigureAwait(false);
        if (keyOnly)
        {
            return rotation;
        }

        var key = box.Keys.Newest!;
        var (done, unreadable, after) = (0L, 0L, 0L);
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var batch = await database.WriteAsync("secrets.reencrypt", tx => Reencrypt(tx, key, after), stop).ConfigureAwait(false);
            if (batch.Last == 0)
            {
                return rotation with { Done = done, Unreadable = unreadable };
            }

            (done, unreadable, after) = (done + batch.Done, unreadable + batch.Unreadable, batch.Last);
            progress?.Invoke(done, rotation.Secrets);
        }
    }

    /// <summary>Removes the secrets that cannot be opened with this ring: for when the ring they were stored with is lost. Returns which.</summary>
    /// <exception cref="StorageFault">Database or ring cannot be used.</exception>
    public async Task<SecretsForgotten> ForgetAsync(bool isDryRun, CancellationToken stop = default)
    {
        box.Prepare();
        var (after, gone) = (0L, new List<string>());
        while (true)
        {
            var from = after;
            var (last, names) = isDryRun
                ? await database.ReadAsync("secrets.unreadable", tx => Unreadable(tx, from, isRemoved: false), stop).ConfigureAwait(false)
                : await ForgetPieceAsync(from, stop).ConfigureAwait(false);
            gone.AddRange(names);
            if (last == 0)
            {
                return new SecretsForgotten(gone);
            }

            after = last;
        }
    }

    private async Task<(long Last, IReadOnlyList<string> Names)> ForgetPieceAsync(long after, CancellationToken stop)
    {
        var last = 0L;
        var gone = await database.WriteAsync(
            "secrets.forget",
            tx =>
            {
                (last, var names) = Unreadable(tx, after, isRemoved: true);
                return new SecretsForgotten(names);
            },
            stop).ConfigureAwait(false);
        return (last, gone.Names);
    }

    private (long Last, IReadOnlyList<string> Names) Unreadable(Transaction tx, long after, bool isRemoved)
    {
        var rows = SecretStore.Page(tx, after, Piece);
        var gone = rows.Where(row => box.TryOpen(row, out _) is not null).ToList();
        if (isRemoved && gone.Count > 0)
        {
            SecretStore.Remove(tx, [.. gone.Select(r => r.Id)]);
        }

        return (rows.Count == 0 ? 0 : rows[^1].Id, [.. gone.Select(r => $"{r.Of}/{r.Name}")]);
    }

    private SecretRotation Decide(Transaction tx, Func<SecretKey?> make)
    {
        if (box.Missing(tx) is [var missing, ..])
        {
            throw new StorageFault(
                StorageFaultKind.Misuse,
                $"{missing.Secrets} secrets were stored with the key {missing.KeyId}, which the key ring {box.Keys.Folder} does not have, so they cannot be put under another one. Copy the files secrets-*.key from where they were stored; if that ring is lost: rondo secrets forget");
        }

        var newest = box.Keys.Newest;
        var left = newest is null ? 0 : SecretStore.CountOthers(tx, newest.Id);
        return left > 0
            ? new SecretRotation(newest!.Id, newest.Id, left, IsResumed: true)
            : new SecretRotation(newest?.Id, make()?.Id, SecretStore.Keys(tx).Sum(k => k.Secrets), IsResumed: false);
    }

    private SecretBatch Reencrypt(Transaction tx, SecretKey key, long after)
    {
        var rows = SecretStore.Others(tx, key.Id, after, Piece);
        var (done, unreadable) = (0, 0);
        foreach (var row in rows)
        {
            if (box.TryOpen(row, out var value) is not null)
            {
                unreadable++;
                continue;
            }

            done += SecretStore.Replace(tx, row, SecretBox.Seal(key, row.Of, row.Name, value!), key.Id) ? 1 : 0;
            CryptographicOperations.ZeroMemory(value);
        }

        return new SecretBatch(key.Id, done, unreadable, rows.Count == 0 ? 0 : rows[^1].Id);
    }

    private async Task EachPieceAsync(Action<List<SecretStore.SecretRow>> look, CancellationToken stop)
    {
        var after = 0L;
        while (true)
        {
            var from = after;
            var rows = await database.ReadAsync("secrets.page", tx => SecretStore.Page(tx, from, Piece), stop).ConfigureAwait(false);
            if (rows.Count == 0)
            {
                return;
            }

            look(rows);
            after = rows[^1].Id;
        }
    }
}
