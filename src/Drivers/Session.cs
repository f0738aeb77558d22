namespace Rondo.Drivers;

/// <summary>
/// The one conversation a node has with one endpoint. It connects when it is first needed and again after a loss; when to try again
/// after a failure is the caller's decision. Not thread-safe: one call at a time, which is what an endpoint's bus allows anyway.
/// </summary>
public abstract class Session : IAsyncDisposable
{
    /// <summary>True while there is an open connection.</summary>
    public abstract bool IsConnected { get; }

    /// <summary>
    /// Reads every point of <paramref name="plan"/> into <paramref name="result"/>. Never throws for anything a device or a network does:
    /// that is a <see cref="ReadFault"/> in the result.
    /// </summary>
    /// <param name="plan">A plan made by the same driver.</param>
    /// <param name="result">Reset and filled by this call.</param>
    /// <param name="deadline">Monotonic timestamp (TimeProvider.GetTimestamp) after which no further request is sent and the pending one is given up.</param>
    /// <param name="stop">Cancelled when the node gives the endpoint up; the result then says <see cref="ReadFault.Cancelled"/>.</param>
    public abstract ValueTask ReadAsync(ReadPlan plan, ReadResult result, long deadline, CancellationToken stop);

    /// <summary>Called when no work is waiting for the endpoint; a session that closes after each cycle does so here.</summary>
    public abstract void EndCycle();

    /// <summary>
    /// Ends the connection, and with it whatever the network has not delivered: called when another node may ask the device in a moment. The next read connects again.
    /// </summary>
    public abstract void Withdraw();

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
