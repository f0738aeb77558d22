namespace Rondo.Live.Feed;

/// <summary>How far a batch of jobs is at one moment.</summary>
/// <param name="Id">The batch.</param>
/// <param name="Name">Its name.</param>
/// <param name="Queue">The queue of most of its members; null for one that has none.</param>
/// <param name="Total">Its members.</param>
/// <param name="Live">Of them have not ended: they wait or run.</param>
/// <param name="Done">Of them ended well, as far as the history has them.</param>
/// <param name="Dead">Of them ended badly, likewise.</param>
/// <param name="Cancelled">Of them were cancelled, likewise.</param>
public sealed record BatchFigures(long Id, string Name, string? Queue, int Total, int Live, int Done, int Dead, int Cancelled)
{
    /// <summary>Name of the message that tells them.</summary>
    public const string MessageName = "batch_counted";

    /// <summary>Most batches that are counted: the newest of those that are sealed and have not finished.</summary>
    public const int Most = 100;
}
