using System.Security.Cryptography;
using System.Text;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>
/// One-time tickets for clients that cannot send a header with their handshake (browsers): whoever has a token gets one, and comes with it within half a minute, to whatever node. The database has
/// their hashes alone; who comes with one is asked anew then, so that a token that was revoked meanwhile opens nothing.
/// </summary>
public sealed class FeedTickets
{
    /// <summary>How long a ticket is good.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(30);

    /// <summary>Most that nobody has used, of all callers and of one.</summary>
    internal const int Most = 10_000, MostEach = 100;

    private const int Length = 40;

    // Anybody may come with a ticket: they wait for one another, not fenced writes for them.
    private static readonly SemaphoreSlim _turns = new(4);
    private readonly Database _database;

    internal FeedTickets(Database database) => _database = database;

    /// <summary>A ticket for <paramref name="caller"/>; null when there are too many that nobody used.</summary>
    /// <exception cref="StorageFault">It cannot be kept now.</exception>
    public async ValueTask<string?> IssueAsync(FeedCaller caller, CancellationToken stop)
    {
        var handle = caller.Handle ?? throw new InvalidOperationException("who comes without a handle cannot be found again, and can have no ticket");
        var ticket = RandomNumberGenerator.GetHexString(Length, lowercase: true);
        return await _database.WriteAsync("live.ticket.add", tx => TicketStore.Add(tx, Hash(ticket), handle, tx.Now + GoodFor, Most, MostEach), stop).ConfigureAwait(false) ? ticket : null;
    }

    /// <summary>The handle of whoever it was given to, once; null when it is not good (any more).</summary>
    /// <exception cref="StorageFault">The database cannot be asked.</exception>
    internal async ValueTask<string?> RedeemAsync(string ticket, CancellationToken stop)
    {
        if (ticket.Length != Length)
        {
            return null;
        }

        await _turns.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await _database.ReadAsync("live.ticket.find", tx => TicketStore.Has(tx, Hash(ticket)), stop).ConfigureAwait(false)
                ? await _database.WriteAsync("live.ticket.take", tx => TicketStore.Take(tx, Hash(ticket)), stop).ConfigureAwait(false)
                : null;
        }
        finally
        {
            _turns.Release();
        }
    }

    private static string Hash(string ticket) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ticket)));
}
