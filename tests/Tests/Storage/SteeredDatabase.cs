using Rondo.Storage;

namespace Rondo.Tests.Storage;

/// <summary>
/// A real database whose clock follows the test's time, and whose writes a test can make fail: before anything happened, or after the commit,
/// which is what a caller sees when the connection breaks at the wrong moment.
/// </summary>
public sealed class SteeredDatabase(Database inner, TimeProvider time) : Database
{
    /// <summary>Asked with the name of each piece of work before it runs; a fault is thrown instead.</summary>
    public Func<string, StorageFault?>? Before { get; set; }

    /// <summary>Asked with the name of each write after its commit; a fault is what the caller hears.</summary>
    public Func<string, StorageFault?>? After { get; set; }

    /// <summary>Asked with the name of each write and what came of it, before its commit where it has a transaction of its own; a fault is thrown instead.</summary>
    public Func<string, object?, StorageFault?>? Within { get; set; }

    public Database Inner => inner;

    public override DatabaseAddress Address => inner.Address;

    public override Dialect Dialect => inner.Dialect;

    public override DatabaseClock Clock => inner.Clock;

    public override string Session => inner.Session;

    public override StatementTimes Statements => inner.Statements;

    /// <summary>For <see cref="Before"/>: the database is away.</summary>
    public static StorageFault Away(string work) => new(StorageFaultKind.Unavailable, $"{work}: the test took the database away");

    public override async Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default)
    {
        Ask(Before, name);
        var result = await inner.WriteAsync(name, work, stop);
        Ask(After, name);
        return result;
    }

    public override async Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default)
    {
        Ask(Before, name);
        var result = await inner.WriteLongAsync(name, work, stop);
        Ask(After, name);
        return result;
    }

    public override T Write<T>(string name, Func<Transaction, T> work)
    {
        Ask(Before, name);
        var result = inner.Write(name, tx => Checked(name, work(tx)));
        Ask(After, name);
        return result;
    }

    public override T WriteUnflushed<T>(string name, Func<Transaction, T> work)
    {
        Ask(Before, name);
        var result = inner.WriteUnflushed(name, tx => Checked(name, work(tx)));
        Ask(After, name);
        return result;
    }

    public override T Tell<T>(string name, Func<Transaction, T> statement)
    {
        Ask(Before, name);
        var result = inner.Tell(name, tx => Checked(name, statement(tx)));
        Ask(After, name);
        return result;
    }

    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default)
    {
        Ask(Before, name);
        return inner.AskAsync(name, query, stop);
    }

    public override Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default)
    {
        Ask(Before, name);
        return inner.ReadAsync(name, work, stop);
    }

    public override Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default)
    {
        Ask(Before, name);
        return inner.ReadLongAsync(name, work, stop);
    }

    public override Task<ClockReading> MeasureClockAsync(CancellationToken stop = default)
    {
        Ask(Before, "measure clock");
        if (ReferenceEquals(time, TimeProvider.System))
        {
            return inner.MeasureClockAsync(stop);
        }

        var at = time.GetTimestamp();
        return Task.FromResult(Clock.Adjust(Instant.From(time.GetUtcNow()), at, at));
    }

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    private T Checked<T>(string name, T result) => Within?.Invoke(name, result) is { } fault ? throw fault : result;

    private static void Ask(Func<string, StorageFault?>? question, string name)
    {
        if (question?.Invoke(name) is { } fault)
        {
            throw fault;
        }
    }
}
