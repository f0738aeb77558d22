namespace Rondo.Storage.Postgres;

/// <summary>What runs on the server for this process now, so that somebody can look from outside whom it waits for. As many as there are connections; taken and given back without a lock.</summary>
internal sealed class Flights(int most)
{
    private readonly Flight[] _all = [.. Enumerable.Range(0, most).Select(_ => new Flight())];

    /// <summary>One for a connection; null when there are none left.</summary>
    public Flight? Take(int pid)
    {
        foreach (var flight in _all)
        {
            if (flight.TryTake(pid))
            {
                return flight;
            }
        }

        return null;
    }

    /// <summary>Those whose statement has run for <paramref name="age"/> by now.</summary>
    public IEnumerable<Flight> Longer(StatementTimes times, TimeSpan age) => _all.Where(f => f.Statement is not null && f.Began is var began and > 0 && times.Since(began) >= age);
}

/// <summary>One connection in use.</summary>
internal sealed class Flight
{
    private int _isTaken;
    private long _began;
    private volatile string? _statement;
    private volatile Seen? _seen;

    /// <summary>The server's process; 0 when a pooler keeps it to itself.</summary>
    public int Pid { get; private set; }

    /// <summary>Name of the statement that runs, or null.</summary>
    public string? Statement => _statement;

    /// <summary>When it began.</summary>
    public long Began => Interlocked.Read(ref _began);

    /// <summary>Who was seen to block the statement that began at <paramref name="began"/>, or null.</summary>
    public string? Blocker(long began) => _seen is { } seen && seen.Began == began ? seen.Blocker : null;

    /// <summary>Somebody has looked.</summary>
    public void See(long began, string blocker) => _seen = new Seen(began, blocker);

    public bool TryTake(int pid)
    {
        if (Volatile.Read(ref _isTaken) != 0 || Interlocked.CompareExchange(ref _isTaken, 1, 0) != 0)
        {
            return false;
        }

        Pid = pid;
        return true;
    }

    public void Begin(string statement, long at)
    {
        Interlocked.Exchange(ref _began, at);
        _statement = statement;
    }

    public void End() => _statement = null;

    public void GiveBack()
    {
        _statement = null;
        Volatile.Write(ref _isTaken, 0);
    }

    private sealed record Seen(long Began, string Blocker);
}
