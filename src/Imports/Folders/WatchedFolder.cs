using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Imports.Folders;

/// <summary>What came of a file in a watched folder.</summary>
/// <param name="File">Its name.</param>
/// <param name="State"><c>queued</c>, <c>done</c>, <c>failed</c>, or <c>waiting</c>: it cannot be handed in for now.</param>
/// <param name="Import">Its import, or null.</param>
/// <param name="Text">One line for people.</param>
public sealed record FolderNews(string File, string State, long? Import, string Text);

/// <summary>
/// A folder whose files are imported: <c>working</c> holds what was picked up, <c>done</c> and <c>failed</c> what came of it, each with a report beside it. All that is known
/// lies in the folder and in the imports, so that whoever is killed has lost nothing: a file is first renamed, then handed in (which the same bytes twice are not), then renamed
/// by the number of its import, then moved away when that has ended.
/// </summary>
/// <param name="folder">Full path; what is missing in it is made.</param>
/// <param name="settle">How long a file must have stood still.</param>
/// <param name="imports">Takes files in.</param>
/// <param name="request">How a file is to be read: by its name and where it lies.</param>
/// <param name="tell">Hears what comes of files.</param>
/// <param name="time">Time.</param>
public sealed class WatchedFolder(string folder, TimeSpan settle, ImportOperations imports, Func<string, string, ImportRequest> request, Action<FolderNews> tell, TimeProvider time) : IDisposable
{
    /// <summary>Files that are under way at once; others wait where they are.</summary>
    private const int MostWorking = 500;

    /// <summary>Files that are looked at in one pass.</summary>
    private const int MostSeen = 10_000;

    private readonly Dictionary<string, Sighting> _seen = new(StringComparer.Ordinal);
    private FileStream? _lock;

    private string Working => Path.Combine(folder, "working");

    /// <summary>Looks once: what has come is picked up and handed in, what has ended moved away. How many files are under way then.</summary>
    /// <exception cref="ImportRefused">The folder cannot be used, or somebody else watches it.</exception>
    public async Task<int> LookAsync(CancellationToken stop)
    {
        try
        {
            Prepare();
            var working = List(Working);
            foreach (var file in working)
            {
                await GoOnAsync(file, stop).ConfigureAwait(false);
            }

            var under = List(Working).Count;
            foreach (var file in Still().Take(Math.Max(0, MostWorking - under)))
            {
                if (PickUp(file) is { } taken)
                {
                    under++;
                    await GoOnAsync(taken, stop).ConfigureAwait(false);
                }
            }

            return under;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"the folder {folder} cannot be watched: {fault.Message}", fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }

    private void Prepare()
    {
        if (_lock is not null)
        {
            return;
        }

        if (!Directory.Exists(folder))
        {
            throw new ImportRefused($"there is no folder {folder} to watch; make it first");
        }

        foreach (var name in (string[])["working", "done", "failed"])
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }

        try
        {
            // Held until the process ends, however it does.
            _lock = new FileStream(Path.Combine(folder, ".rondo-watch"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new ImportRefused($"the folder {folder} is watched by somebody else already", fault);
        }
    }

    /// <summary>Files of a folder, the oldest first; what begins with a dot, folders and links are none.</summary>
    private static List<FileInfo> List(string where) => [.. new DirectoryInfo(where)
        .EnumerateFiles("*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Directory, IgnoreInaccessible = false })
        .Where(f => f.Name[0] != '.').Take(MostSeen).OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal)];

    /// <summary>Files that nobody writes any more: they were seen as they are for long enough, or say themselves that they were last written so long ago.</summary>
    private List<FileInfo> Still()
    {
        var (found, now, wall) = (List(folder), time.GetTimestamp(), time.GetUtcNow().UtcDateTime);
        List<FileInfo> still = [];
        foreach (var file in found)
        {
            var (size, written) = (file.Length, file.LastWriteTimeUtc);
            if (!_seen.TryGetValue(file.Name, out var before) || before.Size != size || before.Written != written)
            {
                _seen[file.Name] = before = new Sighting(size, written, now);
            }

            if (wall - written >= settle || time.GetElapsedTime(before.Since) >= settle)
            {
                still.Add(file);
            }
        }

        foreach (var gone in _seen.Keys.Except(found.Select(f => f.Name), StringComparer.Ordinal).ToList())
        {
            _seen.Remove(gone);
        }

        return still;
    }

    /// <summary>Takes a file out of everybody's reach; null when it is gone, or was written meanwhile.</summary>
    private FileInfo? PickUp(FileInfo file)
    {
        var (name, size, written) = (file.Name, file.Length, file.LastWriteTimeUtc);
        var taken = new FileInfo(Path.Combine(Working, WorkingName.Of("new-" + Ids.New(), name)));
        try
        {
            File.Move(file.FullName, taken.FullName);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        FailPoint.Reach("imports.watch.taken");
        taken.Refresh();
        if (taken.Length == size && taken.LastWriteTimeUtc == written)
        {
            _seen.Remove(name);
            return taken;
        }

        // Somebody went on writing in between: it is given back, and waits until it stands still.
        File.Move(taken.FullName, file.FullName, overwrite: false);
        return null;
    }

    /// <summary>Does with a file that was picked up what is to be done next.</summary>
    private async Task GoOnAsync(FileInfo file, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var name = WorkingName.Read(file.Name);
        var import = name.Import;
        if (import is null)
        {
            try
            {
                import = await HandInAsync(file, name.Name, stop).ConfigureAwait(false);
            }
            catch (ImportRefused refused) when (refused.InnerException is not (IOException or UnauthorizedAccessException))
            {
                var where = FolderReport.Refuse(folder, file, name.Name, refused.Message);
                tell(new FolderNews(name.Name, "failed", null, $"{name.Name} was refused: {refused.Message}. It lies in {where}"));
                return;
            }
            catch (ImportRefused refused)
            {
                // The disk is full, or rights are missing: it stays, and is tried at the next look.
                tell(new FolderNews(name.Name, "waiting", null, $"{name.Name} cannot be handed in for now: {refused.Message}"));
                return;
            }

            FailPoint.Reach("imports.watch.added");
            file.MoveTo(Path.Combine(Working, WorkingName.Of($"{import}", name.Name)), overwrite: true);
            FailPoint.Reach("imports.watch.named");
        }

        if (await imports.FindAsync(import.Value, stop).ConfigureAwait(false) is not { } row)
        {
            var where = FolderReport.Refuse(folder, file, name.Name, $"import {import} is gone");
            tell(new FolderNews(name.Name, "failed", import, $"{name.Name}: import {import} is gone. It lies in {where}"));
        }
        else if (row.StateNow is "done" or "dead" or "cancelled")
        {
            var where = await FolderReport.WriteAsync(folder, file, name.Name, row, imports, stop).ConfigureAwait(false);
            tell(new FolderNews(name.Name, row.StateNow == "done" ? "done" : "failed", import, row.StateNow == "done"
                ? $"{name.Name} is done: import {row.Id}, {row.Units:N0} rows, {row.ValueCount:N0} values, {row.Rejected:N0} rows rejected. It lies in {where}"
                : $"{name.Name} is {row.StateNow}: import {row.Id}, {row.ErrorNow ?? "no reason"}. It lies in {where}"));
        }
    }

    private async Task<long> HandInAsync(FileInfo file, string name, CancellationToken stop)
    {
        ImportAdded added;
        try
        {
            await using var bytes = file.OpenRead();
            added = await imports.AddAsync(request(name, file.FullName), bytes, stop).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new ImportRefused($"it cannot be read: {fault.Message}");
        }

        tell(new FolderNews(name, "queued", added.Id, added.IsNew ? $"{name} is queued as import {added.Id}" : $"{name} was already imported by import {added.Id}"));
        return added.Id;
    }

    private sealed record Sighting(long Size, DateTime Written, long Since);
}
