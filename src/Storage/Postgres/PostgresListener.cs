using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>A connection of its own that hears what is told on one channel (LISTEN). Made by <see cref="PostgresDatabase.Listen"/>; for one caller at a time.</summary>
public sealed class PostgresListener : IDisposable
{
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
    /// Completes when something was heard, at the latest after so long. After a silence the server is asked whether it is still there: of a connection whose other end
    /// vanished, nothing else would ever tell.
    /// </summary>
    /// <exception cref="StorageFault">The connection is gone: dispose of the listener, and make another.</exception>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken stop)
    {
        try
        {
            if (!await _link.WaitAsync(atMost, stop).ConfigureAwait(false))
            {
                using var ask = new NpgsqlCommand("select 1", _link);
                await ask.ExecuteScalarAsync(stop).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            stop.ThrowIfCancellationRequested();
            throw PostgresFaults.Classify(fault, "listen", _address);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _link.Dispose();
}
