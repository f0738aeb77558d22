using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// A database whose writes are written down as those of one actor, in the transaction that makes them. Whoever changes something for a person is given this in place of the
/// database, and need not know of it. Work is known by its name; what no rule is about (a hint, a lease) is passed through.
/// </summary>
/// <param name="inner">The database.</param>
/// <param name="trail">Where it is written down.</param>
/// <param name="actor">Who.</param>
/// <param name="rules">What is written down of which work, by its name.</param>
/// <param name="label">What it is, for work whose name and result do not tell.</param>
/// <param name="isOptional">True: without a key ring that can be used the work is done all the same; for what the system does by itself.</param>
/// <param name="written">Told after each commit that wrote something down.</param>
public sealed class AuditedDatabase(
    Database inner, AuditTrail trail, Actor actor, IReadOnlyDictionary<string, AuditRule> rules, AuditLabel? label = null, Action? written = null, bool isOptional = false) : Database
{
    /// <inheritdoc/>
    public override DatabaseAddress Address => inner.Address;

    /// <inheritdoc/>
    public override Dialect Dialect => inner.Dialect;

    /// <inheritdoc/>
    public override DatabaseClock Clock => inner.Clock;

    /// <inheritdoc/>
    public override string Session => inner.Session;

    /// <inheritdoc/>
    public override StatementTimes Statements => inner.Statements;

    /// <inheritdoc/>
    public override Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.WriteAsync(name, Audited(name, work), stop);

    /// <inheritdoc/>
    public override Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.WriteLongAsync(name, Audited(name, work), stop);

    /// <inheritdoc/>
    public override T Write<T>(string name, Func<Transaction, T> work) => inner.Write(name, Audited(name, work));

    /// <inheritdoc/>
    public override T WriteUnflushed<T>(string name, Func<Transaction, T> work) => inner.WriteUnflushed(name, Audited(name, work));

    /// <inheritdoc/>
    public override T Tell<T>(string name, Func<Transaction, T> statement) => inner.Tell(name, statement);

    /// <inheritdoc/>
    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default) => inner.AskAsync(name, query, stop);

    /// <inheritdoc/>
    public override Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.ReadAsync(name, work, stop);

    /// <inheritdoc/>
    public override Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.ReadLongAsync(name, work, stop);

    /// <inheritdoc/>
    public override Task<ClockReading> MeasureClockAsync(CancellationToken stop = default) => inner.MeasureClockAsync(stop);

    /// <summary>Nothing: the database belongs to whoever opened it.</summary>
    public override ValueTask DisposeAsync() => default;

    private bool IsReady()
    {
        try
        {
            trail.Prepare();
            return true;
        }
        catch (StorageFault) when (isOptional)
        {
            // Whoever seals says so.
            return false;
        }
    }

    private Func<Transaction, T> Audited<T>(string name, Func<Transaction, T> work)
    {
        if (!rules.TryGetValue(name, out var rule) || !IsReady())
        {
            return work;
        }

        return tx =>
        {
            if (rule.Turn is { } turn)
            {
                AuditStore.TakeTurn(tx, turn);
            }

            var before = rule.Before?.Invoke(tx);
            var result = work(tx);
            var drafts = rule.Rows(tx, before, result, label ?? new AuditLabel(name, "")).ToList();
            if (drafts.Count > 0 && (!isOptional || trail.IsOurs(tx)))
            {
                trail.Add(tx, actor, drafts);
                if (written is not null)
                {
                    tx.OnCommit(written);
                }
            }

            return result;
        };
    }
}
