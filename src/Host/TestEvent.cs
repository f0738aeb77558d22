using System.Text.Json;
using System.Text.Json.Nodes;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>An event that somebody publishes to see whether it arrives: its data say that it is a test.</summary>
/// <param name="Name">What is to have happened.</param>
/// <param name="Topic">Its address.</param>
/// <param name="At">When it was written, by the database clock.</param>
/// <param name="Data">What it says, marked.</param>
internal sealed record TestEvent(string Name, string Topic, Instant At, string Data)
{
    /// <summary>Marks what was given as a test; null when it is no JSON object.</summary>
    public static string? Mark(string data)
    {
        try
        {
            if (JsonNode.Parse(data) is JsonObject json)
            {
                json["test"] = true;
                return json.ToJsonString();
            }
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            // No JSON, or a name in it twice.
        }

        return null;
    }

    /// <summary>Writes it to the log; whoever publishes has made sure that it will do.</summary>
    /// <param name="database">One that writes down whose it is.</param>
    /// <param name="log">The log.</param>
    /// <param name="wanted">What is to be published; its data are marked.</param>
    /// <param name="stop">Gives up waiting.</param>
    public static Task<TestEvent> PublishAsync(Database database, EventLog log, LiveEvent wanted, CancellationToken stop) => database.WriteAsync(
        "live.publish",
        tx =>
        {
            var now = tx.Now;
            log.Write(tx, wanted with { At = now });
            return new TestEvent(wanted.Name, wanted.Topic, now, wanted.Data);
        },
        stop);
}
