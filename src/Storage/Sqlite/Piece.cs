namespace Rondo.Storage.Sqlite;

/// <summary>One caller's work on the lane.</summary>
internal abstract class Piece(string name, bool unbounded)
{
    public string Name { get; } = name;

    public bool Unbounded { get; } = unbounded;

    /// <summary>When it was handed over.</summary>
    public long WaitingSince { get; set; }

    public Exception? Fault { get; set; }

    /// <summary>Of whoever hands it over: it may run on the thread of another.</summary>
    public TraceContext? Trace { get; } = TraceContext.Current;

    /// <summary>False when it may be undone by a loss of power, with all that follows.</summary>
    public bool IsFlushed { get; init; } = true;

    public abstract bool IsCancelled { get; }

    public abstract void Run(Transaction tx);

    public abstract void Complete();

    public abstract void Fail(Exception fault);
}

/// <inheritdoc/>
internal sealed class Piece<T>(string name, Func<Transaction, T> work, bool unbounded, CancellationToken stop) : Piece(name, unbounded)
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Transaction? _tx;
    private T? _result;

    public Task<T> Result => _done.Task;

    public override bool IsCancelled => stop.IsCancellationRequested && _done.TrySetCanceled(stop);

    public override void Run(Transaction tx)
    {
        Fault = null;
        _tx = tx;
        _result = work(tx);
    }

    public override void Complete()
    {
        if (Fault is not null)
        {
            _done.TrySetException(Fault);
            return;
        }

        try
        {
            _tx!.Committed();
            _done.TrySetResult(_result!);
        }
        catch (Exception fault)
        {
            // A bug in what follows the commit is this caller's alone; the others of the group are committed as well and must hear so.
            _done.TrySetException(fault);
        }
    }

    public override void Fail(Exception fault) => _done.TrySetException(Fault ?? fault);
}
