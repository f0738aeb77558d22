namespace Rondo.Storage;

/// <summary>
/// Runs what blocks (a query, a file) on a thread that is its own and ends with it. A pool has as many threads as processors to begin with, and adds one
/// every half a second: two queries that take their time would hold up every device. Database calls are few, polls are many.
/// </summary>
internal static class OwnThread
{
    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken stop) =>
        Task.Factory.StartNew(work, stop, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
