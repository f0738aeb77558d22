using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>The SQL of tickets, and only the SQL.</summary>
internal static class TicketStore
{
    private static readonly Sql _forget = new("live.ticket.forget", "delete from live_ticket where hash in (select hash from live_ticket where expires_at <= @now order by expires_at limit 1000)");

    private static readonly Sql _add = new("live.ticket.add", """
        insert into live_ticket (hash, handle, expires_at) select @hash, @handle, @expires
        where (select count(*) from live_ticket) < @most and (select count(*) from live_ticket where handle = @handle) < @mostEach
        """);

    private static readonly Sql _find = new("live.ticket.find", "select hash from live_ticket where hash = @hash");

    private static readonly Sql _take = new("live.ticket.take", "delete from live_ticket where hash = @hash returning handle, expires_at");

    /// <summary>Keeps one; false when there are too many.</summary>
    public static bool Add(Transaction tx, string hash, string handle, Instant expires, int most, int mostEach)
    {
        tx.Execute(_forget, new { now = tx.Now });
        return tx.Execute(_add, new { hash, handle, expires, most, mostEach }) == 1;
    }

    /// <summary>Whether it is there: to ask costs no write.</summary>
    public static bool Has(Transaction tx, string hash) => tx.First<string>(_find, new { hash }) is not null;

    /// <summary>Takes one away: who it was given to; null when it is not there, or too old.</summary>
    public static string? Take(Transaction tx, string hash) => tx.First<Ticket>(_take, new { hash }) is { } ticket && ticket.ExpiresAt > tx.Now ? ticket.Handle : null;

    private sealed class Ticket
    {
        public string Handle { get; init; } = "";

        public Instant ExpiresAt { get; init; }
    }
}
