using System.Text.Json;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>
/// Tells whoever wants to hear it that an import has ended: by a job of the queue's kind <c>http</c>, which is accepted in the transaction that ends the import, so there is one for each end
/// and none without. The call is signed as that kind signs.
/// </summary>
internal static class Completion
{
    private const int LongestError = 1_000;

    /// <summary>Accepts the call, when somebody wants it and the import has ended.</summary>
    public static void Tell(Transaction tx, JobQueue? queue, long import)
    {
        if (queue is null || ImportStore.Find(tx, import) is not { Webhook: { } url, WebhookJobId: null, State: "done" or "dead" or "cancelled" } row)
        {
            return;
        }

        var said = JsonSerializer.SerializeToElement(new
        {
            type = "import." + row.State, import_id = row.Id, file = row.File, hash = row.Hash, profile = row.Profile, state = row.State, rows = row.Units, values = row.ValueCount, inserted = row.Inserted,
            replaced = row.Replaced, kept = row.Kept, same = row.Same, skipped = row.Skipped, missing = row.Missing, rejected = row.Rejected, warnings = row.Warnings?.Split('\n') ?? [],
            error = row.State == "done" ? null : row.LastError is { Length: > LongestError } text ? text[..LongestError] : row.LastError, tags = row.TagList, metadata = row.MetadataMap,
            created_at = row.CreatedAt.ToString(), finished_at = row.FinishedAt?.ToString(),
        });
        var job = queue.Enqueue(tx, new HttpCall(url, Body: said), new EnqueueOptions { Note = $"import {row.Id} is {row.State}" });
        ImportStore.Told(tx, row.Id, job.Id);
    }
}
