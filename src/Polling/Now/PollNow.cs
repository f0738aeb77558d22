using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Polling.Now;

/// <summary>
/// Reading a device now, through the node that owns its endpoint: many gateways allow one connection, and that one is the node's. Not a slot, so the ledger knows
/// nothing of it, and no reading comes of it.
/// </summary>
public static class PollNow
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks; null when there is no such device. The caller tells the nodes (a hint), then waits.</summary>
    public static Task<string?> AskAsync(Database database, string device, CancellationToken stop)
    {
        var id = Ids.New();
        return database.WriteAsync(
            "polling.now.ask",
            tx =>
            {
                PollRequestStore.Forget(tx, tx.Now - TimeSpan.FromHours(1));
                return PollRequestStore.Ask(tx, id, device) ? id : null;
            },
            stop);
    }

    /// <summary>Waits for the answer; null when nobody gave one within <paramref name="patience"/>: no node polls the device now.</summary>
    public static async Task<PollAnswer?> WaitAsync(Database database, string id, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (await database.ReadAsync("polling.now.read", tx => PollRequestStore.Read(tx, id), stop).ConfigureAwait(false) is { } row)
            {
                var answer = JsonSerializer.Deserialize<Stored>(row.Answer)!;
                return new PollAnswer(row.Device, row.Node, row.DoneAt, answer.TookMs, answer.Points);
            }

            if (time.GetElapsedTime(started) > patience)
            {
                return null;
            }

            await Task.Delay(_look, time, stop).ConfigureAwait(false);
        }
    }

    internal static string Store(double tookMs, IReadOnlyList<PolledPoint> points) => JsonSerializer.Serialize(new Stored(tookMs, points));

    private sealed record Stored(double TookMs, IReadOnlyList<PolledPoint> Points);
}
