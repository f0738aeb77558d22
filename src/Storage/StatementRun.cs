namespace Rondo.Storage;

/// <summary>One statement while it runs; over when disposed.</summary>
public readonly struct StatementRun : IDisposable
{
    private readonly Transaction _tx;
    private readonly string _name;
    private readonly long _began;

    internal StatementRun(Transaction tx, string name)
    {
        (_tx, _name) = (tx, name);
        _began = tx.Times.Now;
        tx.Began(name, _began);
    }

    /// <inheritdoc/>
    public void Dispose() => _tx.Ended(_name, _began);
}
