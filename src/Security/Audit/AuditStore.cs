using Rondo.Storage;

namespace Rondo.Security;

/// <summary>The SQL of the audit trail, and only the SQL.</summary>
internal static class AuditStore
{
    private const string Content = "uid, at, actor_kind, actor_name, actor_from, action, subject, before_json, after_json, key_id, proof, correlation_id, trace_id";

    private static readonly Sql _head = new("audit.head", "select identity, key_id, last_no, last_seal from audit_head");
    private static readonly Sql _lock = new("audit.head.lock", "select identity, key_id, last_no, last_seal from audit_head{update}");
    private static readonly Sql _begin = new("audit.begin", "update audit_head set identity = @identity, key_id = @key where identity is null");
    private static readonly Sql _hand = new("audit.head.hand", "update audit_head set key_id = @key");
    private static readonly Sql _wasUsed = new("audit.key.used", $"select case when exists (select 1 from audit_log where action = '{AuditTrail.RotateAction}' and subject = @key) then 1 else 0 end");
    private static readonly Sql _move = new("audit.head.move", "update audit_head set last_no = @no, last_seal = @seal");
    private static readonly Sql _turn = new("audit.turn", "select pg_advisory_xact_lock(7210532, hashtext(@turn))");
    private static readonly Sql _isWaiting = new("audit.is_waiting", "select case when exists (select 1 from audit_waiting) then 1 else 0 end");
    private static readonly Sql _count = new("audit.count", "select count(*) from audit_waiting");
    private static readonly Sql _waiting = new("audit.waiting", $"select id, {Content} from audit_waiting order by id limit @limit");

    // Nobody but who puts a copy there makes a row that waits and is sealed too: the transaction that seals it takes it away.
    private static readonly Sql _next = new("audit.next", $"""
        select id, {Content} from audit_waiting w where not exists (select 1 from audit_log l where l.uid = w.uid) order by id limit @limit
        """);

    private static readonly Sql _copies = new("audit.copies", "select count(*) from audit_waiting w where exists (select 1 from audit_log l where l.uid = w.uid)");
    private static readonly Sql _dropCopies = new("audit.copies.drop", "delete from audit_waiting where exists (select 1 from audit_log l where l.uid = audit_waiting.uid)");
    private static readonly Sql _done = new("audit.done", "delete from audit_waiting where id {in:@ids}");
    private static readonly Sql _page = new("audit.page", $"select no, {Content}, seal from audit_log where no > @after order by no limit @limit");
    private static readonly Sql _row = new("audit.row", $"select no, {Content}, seal from audit_log where no = @no");

    private static readonly Sql _list = new("audit.list", $"""
        select no, {Content}, seal from audit_log
        where no < @before and (@action = '' or action like @action || '%') and (@actor = '' or actor_name = @actor) and (@subject = '' or subject = @subject)
        order by no desc limit @limit
        """);

    private static readonly Sql _add = new("audit.add", $"""
        insert into audit_waiting ({Content})
        values (@uid, @at, @actorKind, @actorName, @actorFrom, @action, @subject, @beforeJson, @afterJson, @keyId, @proof, @correlation, @trace)
        """);

    private static readonly Sql _seal = new("audit.seal", $"""
        insert into audit_log (no, {Content}, seal)
        values (@no, @uid, @at, @actorKind, @actorName, @actorFrom, @action, @subject, @beforeJson, @afterJson, @keyId, @proof, @correlation, @trace, @seal)
        """);

    // Each part reads no more of its index than may be shown; what waits to be sealed has no number yet.
    private static readonly Sql _traced = new("audit.trace", $"""
        select * from (select 0 as no, {Content}, '' as seal from audit_waiting where correlation_id = @id order by id limit @limit) a
        union all select * from (select 0 as no, {Content}, '' as seal from audit_waiting where trace_id = @id and correlation_id <> @id order by id limit @limit) b
        union all select * from (select no, {Content}, seal from audit_log where correlation_id = @id order by no limit @limit) c
        union all select * from (select no, {Content}, seal from audit_log where trace_id = @id and correlation_id <> @id order by no limit @limit) d
        """);

    public static HeadRow Head(Transaction tx) => tx.First<HeadRow>(_head) ?? new HeadRow();

    public static HeadRow LockHead(Transaction tx) => tx.First<HeadRow>(_lock) ?? new HeadRow();

    /// <summary>One change of a kind at a time, until its end. On SQLite there is one writer anyway.</summary>
    public static void TakeTurn(Transaction tx, string turn)
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Execute(_turn, new { turn });
        }
    }

    public static void Begin(Transaction tx, string identity, string key) => tx.Execute(_begin, new { identity, key });

    public static void MoveHead(Transaction tx, long no, string seal) => tx.Execute(_move, new { no, seal });

    /// <summary>From now on another key is in force.</summary>
    public static void Hand(Transaction tx, string key) => tx.Execute(_hand, new { key });

    /// <summary>True when a key was ever put into force by a rotation.</summary>
    public static bool WasUsed(Transaction tx, string key) => tx.First<int>(_wasUsed, new { key }) == 1;

    public static bool IsWaiting(Transaction tx) => tx.First<int>(_isWaiting) == 1;

    public static long Count(Transaction tx) => tx.First<long>(_count);

    public static List<AuditRow> Waiting(Transaction tx, int limit) => tx.Query<AuditRow>(_waiting, new { limit });

    /// <summary>Rows to be sealed next: those that wait and are no copies of sealed ones.</summary>
    public static List<AuditRow> Next(Transaction tx, int limit) => tx.Query<AuditRow>(_next, new { limit });

    /// <summary>Rows that wait and are copies of sealed ones.</summary>
    public static long Copies(Transaction tx) => tx.First<long>(_copies);

    /// <summary>Takes them away.</summary>
    public static int DropCopies(Transaction tx) => tx.Execute(_dropCopies);

    public static void Done(Transaction tx, long[] ids) => tx.Execute(_done, new { ids = new IdList(ids) });

    public static List<AuditRow> Page(Transaction tx, long after, int limit) => tx.Query<AuditRow>(_page, new { after, limit });

    public static AuditRow? Row(Transaction tx, long no) => tx.First<AuditRow>(_row, new { no });

    public static List<AuditRow> List(Transaction tx, AuditFilter filter, int limit) => tx.Query<AuditRow>(
        _list, new { before = filter.Before ?? long.MaxValue, action = filter.Action ?? "", actor = filter.Actor ?? "", subject = filter.Subject ?? "", limit });

    public static List<AuditRow> Traced(Transaction tx, string id, int limit) => tx.Query<AuditRow>(_traced, new { id, limit });

    public static void Add(Transaction tx, AuditRow row) => tx.Execute(_add, Columns(row, 0, ""));

    public static void Seal(Transaction tx, AuditRow row, long no, string seal) => tx.Execute(_seal, Columns(row, no, seal));

    private static object Columns(AuditRow row, long no, string seal) => new
    {
        no,
        uid = row.Uid,
        at = row.At,
        actorKind = row.ActorKind,
        actorName = row.ActorName,
        actorFrom = row.ActorFrom,
        action = row.Action,
        subject = row.Subject,
        beforeJson = row.BeforeJson,
        afterJson = row.AfterJson,
        keyId = row.KeyId,
        proof = row.Proof,
        correlation = row.CorrelationId,
        trace = row.TraceId,
        seal,
    };

    public sealed class HeadRow
    {
        public string? Identity { get; init; }

        public string? KeyId { get; init; }

        public long LastNo { get; init; }

        public string LastSeal { get; init; } = "";
    }
}
