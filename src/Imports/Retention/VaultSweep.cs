using Rondo.Storage;

namespace Rondo.Imports.Retention;

/// <summary>
/// Lets go of files that no import names: those of imports that are gone, and what a kill left behind. A file is deleted under the lock under which imports are added, so none goes
/// that somebody is handing in; and only where no other database keeps files in the same folder.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="folder">Full path of the folder of files.</param>
/// <param name="time">Time.</param>
internal sealed class VaultSweep(Database database, string folder, TimeProvider time)
{
    private const string Mark = "database-";
    private const string Arriving = "new-";
    private const int Piece = 200;

    // Whoever hands a file in puts it down first, and says whose it is a moment later.
    private static readonly TimeSpan _fresh = TimeSpan.FromHours(1);

    // What is written to is younger, however slow the line is.
    private static readonly TimeSpan _stale = TimeSpan.FromDays(1);

    /// <summary>Says in the folder that this database keeps files there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="vault">Name of the database.</param>
    public static void LeaveMark(string folder, string vault)
    {
        var mark = Path.Combine(folder, Mark + vault);
        try
        {
            if (!File.Exists(mark))
            {
                File.WriteAllBytes(mark, []);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"{folder} cannot be written to: {fault.Message} Make room or rights there, or name another folder by imports.folder", fault);
        }
    }

    /// <summary>Why no file may go, or null.</summary>
    public async Task<string?> RefusalAsync(CancellationToken stop)
    {
        if (!Directory.Exists(folder))
        {
            return $"there is no folder {folder} here";
        }

        var ours = Mark + await database.ReadAsync("imports.vault", PruneStore.Vault, stop).ConfigureAwait(false);
        var marks = Directory.EnumerateFiles(folder, Mark + "*").Select(Path.GetFileName).Take(10).ToList();
        return marks.Find(m => m != ours) is { } other
            ? $"another database keeps files in {folder} as well. Give each a folder of its own (imports.folder); when that database is no more, delete {Path.Combine(folder, other)}"
            : marks.Count == 0 ? $"no file was handed in to {folder} by this database, so nothing in it is known to be its own" : null;
    }

    /// <summary>Deletes those of these files that no import names.</summary>
    public async Task<FileTally> RemoveAsync(IReadOnlyList<string> hashes, CancellationToken stop)
    {
        var total = new FileTally(0, 0);
        foreach (var piece in hashes.Distinct(StringComparer.Ordinal).Chunk(Piece))
        {
            total += await database.WriteAsync(
                "imports.vault.remove",
                tx =>
                {
                    PruneStore.Lock(tx);
                    var named = PruneStore.Named(tx, piece);
                    var gone = new FileTally(0, 0);
                    foreach (var hash in piece.Where(h => !named.Contains(h)))
                    {
                        gone += Delete(new FileInfo(Path.Combine(folder, hash[..2], hash)));
                    }

                    return gone;
                },
                stop).ConfigureAwait(false);
        }

        return total;
    }

    /// <summary>Looks at every file, and deletes those that no import names and nobody is handing in.</summary>
    /// <param name="isDryRun">Only says which.</param>
    /// <param name="names">Gets the first names.</param>
    /// <param name="most">So many of them.</param>
    /// <param name="beat">A sign of life.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<FileTally> SweepAsync(bool isDryRun, List<string> names, int most, Action beat, CancellationToken stop)
    {
        var total = new FileTally(0, 0);
        foreach (var piece in Files().Chunk(Piece))
        {
            beat();
            stop.ThrowIfCancellationRequested();
            var named = await database.ReadAsync("imports.vault.named", tx => PruneStore.Named(tx, piece.Select(f => f.Name)), stop).ConfigureAwait(false);
            var orphans = piece.Where(f => !named.Contains(f.Name) && IsOlder(f, _fresh)).ToList();
            names.AddRange(orphans.Take(most - names.Count).Select(f => f.Name));
            total += isDryRun ? orphans.Aggregate(new FileTally(0, 0), (sum, f) => sum + new FileTally(1, f.Length)) : await RemoveAsync([.. orphans.Select(f => f.Name)], stop).ConfigureAwait(false);
        }

        foreach (var file in new DirectoryInfo(folder).EnumerateFiles(Arriving + "*").Where(f => IsOlder(f, _stale)).ToList())
        {
            if (names.Count < most)
            {
                names.Add(file.Name);
            }

            total += isDryRun ? new FileTally(1, file.Length) : Delete(file);
        }

        return total;
    }

    /// <summary>Imports whose file is not there.</summary>
    public async Task<(long Count, IReadOnlyList<long> First)> WithoutFileAsync(int most, Action beat, CancellationToken stop)
    {
        const int Page = 1_000;
        var (count, first) = (0L, new List<long>());
        for (var after = 0L; ;)
        {
            beat();
            var rows = await database.ReadAsync("imports.vault.rows", tx => PruneStore.Rows(tx, after, Page), stop).ConfigureAwait(false);
            foreach (var row in rows.Where(r => !File.Exists(Path.Combine(folder, r.Hash[..2], r.Hash))))
            {
                count++;
                if (first.Count < most)
                {
                    first.Add(row.Id);
                }
            }

            if (rows.Count < Page)
            {
                return (count, first);
            }

            after = rows[^1].Id;
        }
    }

    /// <summary>Whatever is called by a hash and lies where that belongs; all else in the folder is none of ours.</summary>
    private IEnumerable<FileInfo> Files() => new DirectoryInfo(folder).EnumerateDirectories("??")
        .SelectMany(d => d.EnumerateFiles().Where(f => f.Name.Length == 64 && f.Name.StartsWith(d.Name, StringComparison.Ordinal) && f.Name.All(char.IsAsciiHexDigitLower)));

    private bool IsOlder(FileInfo file, TimeSpan age) => time.GetUtcNow() - new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero) >= age;

    private static FileTally Delete(FileInfo file)
    {
        try
        {
            var length = file.Length;
            file.Delete();
            return new FileTally(1, length);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            // Another node was first.
            return new FileTally(0, 0);
        }
    }
}
