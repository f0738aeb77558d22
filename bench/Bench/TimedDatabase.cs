using System.Diagnostics;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>The database, with the times of those claims written down that found something.</summary>
internal sealed class TimedDatabase(Database inner) : Database
{
    private readonly Lock _gate = new();
    private readonly List<double> _claims = [];

    public override DatabaseAddress Address => inner.Address;

    public override Dialect Dialect => inner.Dialect;

    public override DatabaseClock Clock => inner.Clock;

    public override string Session => inner.Session;

    public override StatementTimes Statements => inner.Statements;

    /// <summary>Times of claims since the last call, ms.</summary>
    public double[] Take()
    {
        lock (_gate)
        {
            double[] taken = [.. _claims];
            _claims.Clear();
            return taken;
        }
    }

    public override T Tell<T>(string name, Func<Transaction, T> statement) => name == "jobs.claim" ? Timed(() => inner.Tell(name, statement)) : inner.Tell(name, statement);

    public override T Write<T>(string name, Func<Transaction, T> work) => name == "jobs.claim" ? Timed(() => inner.Write(name, work)) : inner.Write(name, work);

    public override T WriteUnflushed<T>(string name, Func<Transaction, T> work) => name == "jobs.claim" ? Timed(() => inner.WriteUnflushed(name, work)) : inner.WriteUnflushed(name, work);

    public override Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.WriteAsync(name, work, stop);

    public override Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.WriteLongAsync(name, work, stop);

    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default) => inner.AskAsync(name, query, stop);

    public override Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.ReadAsync(name, work, stop);

    public override Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => inner.ReadLongAsync(name, work, stop);

    public override Task<ClockReading> MeasureClockAsync(CancellationToken stop = default) => inner.MeasureClockAsync(stop);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    private T Timed<T>(Func<T> work)
    {
        var from = Stopwatch.GetTimestamp();
        var result = work();
        var took = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        if (result is not System.Collections.ICollection { Count: 0 })
        {
            lock (_gate)
            {
                _claims.Add(took);
            }
        }

        return result;
    }
}
