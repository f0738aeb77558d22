using System.Text;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Live.Log;

/// <summary>
/// Events that are never lost: written in the transaction that makes them true, numbered in the order of commits, kept for a while. Whoever has seen number n
/// misses nothing below n.
/// </summary>
public sealed class EventLog
{
    /// <summary>The hint that the log has grown.</summary>
    public const string Hint = "live";

    /// <summary>Most bytes of an event's data.</summary>
    public const int MaxData = 64 * 1024;

    private const int LongestName = 200;
    private Action _written = () => { };

    /// <summary>Leaves one event in the caller's transaction: it is told when that commits, and never when it does not.</summary>
    /// <exception cref="ArgumentException">The topic, the name or the data will not do.</exception>
    public void Write(Transaction tx, LiveEvent happened) => Write(tx, [happened]);

    /// <summary>Leaves several.</summary>
    /// <exception cref="ArgumentException">One of them will not do; nothing was written.</exception>
    public void Write(Transaction tx, IReadOnlyList<LiveEvent> events)
    {
        foreach (var happened in events)
        {
            if (Problem(happened) is { } problem)
            {
                throw new ArgumentException(problem, nameof(events));
            }
        }

        EventStore.Write(tx, events);
        tx.OnCommit(_written);
    }

    /// <summary>Events that follow from one request, by correlation or trace id, in order, as long as they are kept.</summary>
    public static Task<List<LoggedEvent>> TracedAsync(Database database, string id, int limit, CancellationToken stop = default) =>
        database.ReadAsync("live.trace", tx => EventStore.Traced(tx, id, limit), stop);

    /// <summary>What is wrong with an event, or null.</summary>
    public static string? Problem(LiveEvent happened) =>
        !Topics.IsKnown(happened.Topic) || happened.AlsoOn is { } also && !Topics.IsKnown(also)
            ? $"'{happened.Topic}' is no topic; expected devices.ID, categories.NAME, metrics.NAME, jobs.QUEUE, imports.ID, {Topics.Admin} or {Topics.Global}"
            : happened.Name.Length is 0 or > LongestName || happened.Name.Any(char.IsControl) ? $"the name of an event has 1 to {LongestName} characters, and no control characters"
            : Encoding.UTF8.GetByteCount(happened.Data) > MaxData ? $"the data of an event has at most {MaxData} bytes"
            : IsObject(happened.Data) ? null : "the data of an event is a JSON object";

    private static bool IsObject(string data)
    {
        try
        {
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(data), new JsonReaderOptions { MaxDepth = 32 });
            var isObject = json.Read() && json.TokenType == JsonTokenType.StartObject;
            while (json.Read())
            {
                // To the end: everybody who gets it must be able to read it.
            }

            return isObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Called after each commit with events of this process.</summary>
    internal void OnWritten(Action written) => _written = written;
}
