using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>What the feed hears of imports, written with what makes it so: that one began, how far it is (once a second at most), how it ended.</summary>
/// <param name="log">The log of events; null where nobody keeps one.</param>
internal sealed class ImportEvents(EventLog? log)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);
    private Instant? _last;

    public void Began(Transaction tx, ImportRow row) => Write(tx, "import.started", row.Id, new { import_id = row.Id, file = row.File, profile = row.Profile, bytes = row.Bytes, units = row.Units, attempt = row.RetryCount + 1 });

    /// <summary>True when it is time to tell how far it is.</summary>
    public bool IsDue(Instant now) => log is not null && (_last is null || now - _last.Value >= _every);

    public void Progress(Transaction tx, ImportRow row)
    {
        var now = tx.Now;
        tx.OnCommit(() => _last = now);
        Write(tx, "import.progress", row.Id, new
        {
            import_id = row.Id, rows = row.Units, values = row.ValueCount, rejected = row.Rejected, bytes_read = row.BytesRead, bytes = row.Bytes, rows_per_s = Math.Round(row.RowsPerS ?? 0, 1),
            left_s = row.LeftS,
        });
    }

    public void Ended(Transaction tx, ImportRow row) => Write(tx, "import." + row.State, row.Id, new
    {
        import_id = row.Id, file = row.File, state = row.State, rows = row.Units, values = row.ValueCount, inserted = row.Inserted, replaced = row.Replaced, rejected = row.Rejected, retry_at = row.RetryAt?.ToString(),
        error = Short(row.LastError),
    });

    public void Undone(Transaction tx, ImportRow row) => Write(
        tx, "import.undone", row.Id, new { import_id = row.Id, file = row.File, deleted = row.UndoDeleted, restored = row.UndoRestored, kept = row.UndoKept });

    /// <summary>It came to nothing, and no run is left.</summary>
    public void Alert(Transaction tx, ImportRow row, bool isForAdmins) => log?.Write(tx, [new LiveEvent("import.alert", Topics.Import(row.Id), tx.Now, JsonSerializer.Serialize(new
    {
        import_id = row.Id, file = row.File, profile = row.Profile, retry_count = row.RetryCount, finished_at = row.FinishedAt?.ToString(), error = Short(row.LastError),
    }))
    {
        AlsoOn = isForAdmins ? Topics.Admin : null,
    }]);

    /// <summary>Many came to nothing.</summary>
    public void Summary(Transaction tx, long count, IReadOnlyList<ImportRow> first) => log?.Write(tx, [new LiveEvent("import.alerts", Topics.Admin, tx.Now, JsonSerializer.Serialize(new
    {
        imports = count, first = first.Take(20).Select(r => new { import_id = r.Id, file = r.File, error = Short(r.LastError) }),
    }))]);

    private static string? Short(string? text) => text is { Length: > 1_000 } ? text[..1_000] : text;

    private void Write(Transaction tx, string name, long import, object said) => log?.Write(tx, [new LiveEvent(name, Topics.Import(import), tx.Now, JsonSerializer.Serialize(said))]);
}
