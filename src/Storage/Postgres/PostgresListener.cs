using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>A connection of its own that hears what is told on one channel (LISTEN). Made by <see cref="PostgresDatabase.Listen"/>; for one caller at a time.</summary>
public sealed class PostgresListener : IDisposable
{
    private static readonly TimeSpan _slice = TimeSpan.FromMilliseconds(250);
    private readonly NpgsqlConnection _link;
    private readonly DatabaseAddress _address;

    private PostgresListener(NpgsqlConnection link, DatabaseAddress address)
    {
        _link = link;
        _address = address;
    }

    internal static PostgresListener Open(string settings, DatabaseAddress address, string channel, Action<string> heard)
    {
        var link = new NpgsqlConnection(settings);
        try
        {
            link.Notification += (_, told) => heard(told.Payload);
            link.Open();
            using var listen = new NpgsqlCommand($"listen {channel}", link);
            listen.ExecuteNonQuery();
            return new PostgresListener(link, address);
        }
        catch (Exception fault)
        {
            link.Dispose();
            throw PostgresFaults.IsProviders(fault) ? PostgresFaults.Classify(fault, "listen", address) : fault;
        }
    }

    /// <summary>
    /// Blocks until something was heard, at most so long; <paramref name="stop"/> is obeyed within a quarter of a second. After a silence the server is asked whether it is still there: of a connection whose other end
    /// vanished, nothing else would ever tell.
    /// </summary>
    /// <exception cref="StorageFault">The connection is gone: dispose of the listener, and make another.</exception>
    public void Wait(TimeSpan atMost, CancellationToken stop)
    {
        try
        {
            // On the caller's thread, which is nearer than any of the pool; that cannot be interrupted, so it looks up now and then.
            for (var left = atMost; !stop.IsCancellationRequested; left -= _slice)
            {
                if (left <= TimeSpan.Zero)
                {
                    using var ask = new NpgsqlCommand("select 1", _link);
                    ask.ExecuteScalar();
                    return;
                }

                if (_link.Wait(_slice))
                {
                    return;
                }
            }
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            throw PostgresFaults.Classify(fault, "listen", _address);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _link.Dispose();
}
