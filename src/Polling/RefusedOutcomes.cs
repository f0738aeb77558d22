using Microsoft.Extensions.Logging;
using Rondo.Storage;

namespace Rondo.Polling;

/// <summary>Outcomes that a node brought after it had been declared dead: none of them was written.</summary>
/// <param name="Node">The incarnation.</param>
/// <param name="Count">How many.</param>
public sealed record RefusedOutcomes(string Node, int Count)
{
    /// <summary>Says it. A refusal is undone with its transaction: that there was one is written in another.</summary>
    internal static void Tell(Database written, string node, int count, string reason, ILogger log)
    {
        PollingLog.BatchFenced(log, count, reason);
        if (count == 0)
        {
            return;
        }

        try
        {
            written.Write("nodes.refused", _ => new RefusedOutcomes(node, count));
        }
        catch (StorageFault)
        {
            // It is in the log. This node is dead, and tries nothing twice.
        }
    }
}
