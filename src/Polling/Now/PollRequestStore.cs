using Rondo.Storage;

namespace Rondo.Polling.Now;

/// <summary>The SQL of requests to read a device now.</summary>
internal static class PollRequestStore
{
    /// <summary>Whoever asked has gone by then.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Counts what waits for an answer; part of the look that every node takes.</summary>
    public const string Open = "(select count(*) from poll_request where done_at is null and asked_at > @since)";

    private static readonly Sql _ask = new("polling.now.ask", """
        insert into poll_request (id, device_id, asked_at) select @id, id, @at from device where name = @name and removed_at is null
        """);

    private static readonly Sql _open = new("polling.now.open", """
        select r.id, r.device_id, d.name, d.endpoint_id
        from poll_request r join device d on d.id = r.device_id join endpoint e on e.id = d.endpoint_id
        where r.done_at is null and r.asked_at > @since and e.owner = @me
        order by r.asked_at limit 20
        """);

    private static readonly Sql _answer = new("polling.now.answer", """
        update poll_request set node = @node, done_at = @at, answer = @answer where id = @id and done_at is null
        """);

    private static readonly Sql _read = new("polling.now.read", """
        select d.name as device, r.node, r.done_at, r.answer from poll_request r join device d on d.id = r.device_id where r.id = @id and r.done_at is not null
        """);

    private static readonly Sql _forget = new("polling.now.forget", "delete from poll_request where asked_at < @before");

    public static bool Ask(Transaction tx, string id, string device) => tx.Execute(_ask, new { id, name = device, at = tx.Now }) == 1;

    public static List<OpenRow> ReadOpen(Transaction tx, string me) => tx.Query<OpenRow>(_open, new { me, since = tx.Now - Patience });

    public static void Answer(Transaction tx, string id, string node, string answer) => tx.Execute(_answer, new { id, node, answer, at = tx.Now });

    public static AnswerRow? Read(Transaction tx, string id) => tx.First<AnswerRow>(_read, new { id });

    public static int Forget(Transaction tx, Instant before) => tx.Execute(_forget, new { before });

    internal sealed class OpenRow
    {
        public string Id { get; init; } = "";

        public long DeviceId { get; init; }

        public string Name { get; init; } = "";

        public long EndpointId { get; init; }
    }

    internal sealed class AnswerRow
    {
        public string Device { get; init; } = "";

        public string Node { get; init; } = "";

        public Instant DoneAt { get; init; }

        public string Answer { get; init; } = "";
    }
}
