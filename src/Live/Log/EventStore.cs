using Rondo.Storage;

namespace Rondo.Live.Log;

/// <summary>The SQL of the outbox and the log, and only the SQL.</summary>
internal static class EventStore
{
    private const string Columns = "id, stamp, name, topic, also_on, at, data, correlation_id, trace_id, not_for";

    // SQLite: one writer at a time, so the order of numbers is that of commits already.
    private static readonly Sql _take = new("live.take_numbers", "update live_head set last = last + @count returning last");

    private static readonly Sql _log = new("live.log", """
        insert into live_event (id, stamp, name, topic, also_on, at, logged_at, data, correlation_id, trace_id, not_for)
        values (@id, abs(random() % 2147483647), @name, @topic, @also, @at, @now, @data, @correlation, @trace, @except)
        """);

    private static readonly Sql _post = new("live.post", """
        insert into live_outbox (name, topic, also_on, at, data, correlation_id, trace_id, not_for) values (@name, @topic, @also, @at, @data, @correlation, @trace, @except)
        """);

    private static readonly Sql _turn = new("live.turn", "select pg_advisory_xact_lock(7210531)");

    // Numbers follow the order in which they lie there, which is that of their statements, not of their commits; that they have been committed is what
    // makes them visible, and whoever comes later gets a higher number.
    private static readonly Sql _sequence = new("live.sequence", $"""
        with taken as (
          delete from live_outbox where id in (select id from live_outbox order by id limit @limit) returning id, name, topic, also_on, at, data, correlation_id, trace_id, not_for
        ), numbered as (
          select row_number() over (order by id) as n, name, topic, also_on, at, data, correlation_id, trace_id, not_for from taken
        ), head as (
          update live_head set last = last + (select count(*) from taken) where exists (select 1 from taken) returning last - (select count(*) from taken) as before
        ), logged as (
          insert into live_event (id, stamp, name, topic, also_on, at, logged_at, data, correlation_id, trace_id, not_for)
          select head.before + n.n, floor(random() * 2147483647)::int, n.name, n.topic, n.also_on, n.at, @now, n.data, n.correlation_id, n.trace_id, n.not_for from numbered n, head
          returning {Columns}
        )
        select {Columns} from logged
        union all select id, stamp, '', '', null, at, '', null, null, null from live_event where id = @seen
        order by id
        """);

    private static readonly Sql _head = new("live.head", """
        select h.epoch, h.last, (select min(id) from live_event) as oldest, (select stamp from live_event where id = @id) as stamp,
          {only:postgres}exists (select 1 from live_outbox){end}{only:sqlite}0{end} as is_waiting
        from live_head h
        """);

    private static readonly Sql _after = new("live.after", $"select {Columns} from live_event where id > @id order by id limit @limit");

    // What was seen last in the same look as what follows: between two looks a log may be set back and grow again.
    private static readonly Sql _from = new("live.from", $"""
        select id, stamp, '' as name, '' as topic, null as also_on, at, '' as data, null as correlation_id, null as trace_id, null as not_for from live_event where id = @id
        union all select * from (select {Columns} from live_event where id > @id order by id limit @limit) a
        order by id
        """);

    // Each half reads no more of its index than may be shown.
    private static readonly Sql _traced = new("live.trace", $"""
        select * from (select {Columns} from live_event where correlation_id = @id order by id limit @limit) a
        union all select * from (select {Columns} from live_event where trace_id = @id and correlation_id <> @id order by id limit @limit) b
        """);

    private static readonly Sql _young = new("live.young", "select id from live_event where logged_at >= @cutoff order by id limit 1");

    private static readonly Sql _trim = new("live.trim", "delete from live_event where id <= @upto and id < (select min(id) from live_event) + @slice");

    /// <summary>Leaves events in the caller's transaction.</summary>
    public static void Write(Transaction tx, IReadOnlyList<LiveEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        var (correlation, trace) = (tx.Trace?.CorrelationId, tx.Trace?.TraceId);
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Execute(_post, events.Select(e => new { name = e.Name, topic = e.Topic, also = e.AlsoOn, at = e.At, data = e.Data, correlation, trace, except = e.NotFor }));
            return;
        }

        var id = tx.Query<long>(_take, new { count = events.Count })[0] - events.Count;
        var now = tx.Now;
        tx.Execute(_log, events.Select(e => new { id = ++id, name = e.Name, topic = e.Topic, also = e.AlsoOn, at = e.At, now, data = e.Data, correlation, trace, except = e.NotFor }));
    }

    /// <summary>
    /// PostgreSQL: numbers what has been committed, at most <paramref name="limit"/>; whoever does the same at the same time waits for its turn. Before it stands event <paramref name="seen"/>, if it
    /// is there, without its data.
    /// </summary>
    public static List<LoggedEvent> Sequence(Transaction tx, int limit, long seen = 0)
    {
        tx.Execute(_turn);
        return tx.Query<LoggedEvent>(_sequence, new { limit, now = tx.Now, seen });
    }

    /// <summary>Where the log ends, with the stamp of event <paramref name="id"/>.</summary>
    public static LogHead Head(Transaction tx, long id) => tx.First<LogHead>(_head, new { id })!;

    /// <summary>Events behind <paramref name="id"/>, in order.</summary>
    public static List<LoggedEvent> After(Transaction tx, long id, int limit) => tx.Query<LoggedEvent>(_after, new { id, limit });

    /// <summary>Event <paramref name="id"/>, if it is there, without its data, and at most <paramref name="limit"/> behind it.</summary>
    public static List<LoggedEvent> From(Transaction tx, long id, int limit) => tx.Query<LoggedEvent>(_from, new { id, limit });

    /// <summary>Events that follow from one request, by correlation or trace id, in order.</summary>
    public static List<LoggedEvent> Traced(Transaction tx, string id, int limit) => tx.Query<LoggedEvent>(_traced, new { id, limit });

    /// <summary>Forgets the oldest events, at most <paramref name="slice"/> at once, never the last one: by it a client proves where it was. Returns how many.</summary>
    public static int Trim(Transaction tx, int keep, Instant cutoff, int slice)
    {
        var last = Head(tx, 0).Last;
        var young = tx.First<long?>(_young, new { cutoff }) ?? last;
        var upto = Math.Min(last - 1, Math.Max(last - keep, young - 1));
        return upto <= 0 ? 0 : tx.Execute(_trim, new { upto, slice });
    }
}
