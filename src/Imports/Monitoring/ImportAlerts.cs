using Rondo.Imports.Load;
using Rondo.Imports.Retention;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports.Monitoring;

/// <summary>
/// Tells of imports that are dead, each once, in the transaction that says that it was told: on its own topic, and to administrators; of many at once these are told in one event,
/// of which there is one in a window.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="events">The log of events.</param>
/// <param name="queue">Accepts the calls to whoever is told of ends; null for nobody.</param>
internal sealed class ImportAlerts(Database database, EventLog? events, JobQueue? queue)
{
    /// <summary>More than these at once are many.</summary>
    public const int Many = 10;

    private const int Page = 100;
    private const int Shown = 1_000;

    /// <summary>Tells of all that nobody was told of.</summary>
    /// <param name="window">How long there is one summary at most.</param>
    /// <param name="stop">Gives up; what was told stays told.</param>
    public async Task<AlertsSent> SendAsync(TimeSpan window, CancellationToken stop)
    {
        // What has no run left is dead, also when its job ended without a word.
        await new Settling(database, events, queue).RunAsync(stop).ConfigureAwait(false);
        var (first, count, isMany, isSummary) = (new List<long>(), 0L, false, false);
        while (true)
        {
            var told = await database.WriteAsync(
                "imports.alert",
                tx =>
                {
                    var (now, untold) = (tx.Now, MonitorStore.Untold(tx));
                    var many = isMany || untold > Many;
                    List<ImportRow> rows = [.. MonitorStore.Next(tx, Page).Where(id => MonitorStore.Told(tx, id, now)).Select(id => ImportStore.Find(tx, id)!)];
                    var said = new ImportEvents(events);
                    rows.ForEach(row => said.Alert(tx, row, isForAdmins: !many));
                    var summary = many && rows.Count > 0 && MonitorStore.Summary(tx, now, now - window);
                    if (summary)
                    {
                        said.Summary(tx, untold, rows);
                    }

                    return new AlertPiece(rows.ConvertAll(r => r.Id), many, summary);
                },
                stop).ConfigureAwait(false);
            if (told.Ids.Count == 0)
            {
                return new AlertsSent(first, count, isSummary);
            }

            (count, isMany, isSummary) = (count + told.Ids.Count, told.IsMany, isSummary || told.IsSummary);
            first.AddRange(told.Ids.Take(Shown - first.Count));
        }
    }
}

/// <summary>Dead imports that were told of in one transaction.</summary>
/// <param name="Ids">Which.</param>
/// <param name="IsMany">True when they were so many that administrators are not told of each.</param>
/// <param name="IsSummary">True when administrators were told of them in one event.</param>
public sealed record AlertPiece(IReadOnlyList<long> Ids, bool IsMany, bool IsSummary);
