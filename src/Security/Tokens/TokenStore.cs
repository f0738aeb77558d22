using Rondo.Storage;

namespace Rondo.Security;

/// <summary>The SQL of tokens, and only the SQL.</summary>
internal static class TokenStore
{
    private const string Columns = "t.id, t.name, t.prefix, t.hash, t.role, t.topics, t.devices, t.user_name, t.created_at, t.created_by, t.expires_at, t.revoked_at, t.last_used_at";

    // The first statement of every change: orders the writers, and counts what nodes look at.
    private static readonly Sql _change = new("security.change", "update security_revision set revision = revision + 1");
    private static readonly Sql _hold = new("security.hold", "select revision from security_revision{update}");
    private static readonly Sql _revision = new("security.revision", "select revision from security_revision");

    // One statement, so that the row and the revision are of one moment.
    private static readonly Sql _find = new("security.token", $"select {Columns}, r.revision from api_token t, security_revision r where t.prefix = @prefix");
    private static readonly Sql _active = new("security.token.active", $"select {Columns} from api_token t where t.name = @name and t.revoked_at is null and t.user_name is null");
    private static readonly Sql _list = new("security.tokens", $"select {Columns} from api_token t where (t.revoked_at is null or @all) and t.user_name is null order by t.name, t.id");
    private static readonly Sql _these = new("security.tokens.these", $"select {Columns} from api_token t where t.id {{in:@ids}}");
    private static readonly Sql _revoke = new("security.token.revoke", "update api_token set revoked_at = @now where id = @id");
    private static readonly Sql _used = new("security.token.used", "update api_token set last_used_at = @at where id = @id and (last_used_at is null or last_used_at < @at)");

    private static readonly Sql _revokeOf = new("security.sessions.end", "update api_token set revoked_at = @now where user_name = @user and revoked_at is null");
    private static readonly Sql _sessions = new("security.sessions", $"select {Columns} from api_token t where t.user_name = @user and t.revoked_at is null and t.expires_at > @now order by t.id desc");
    private static readonly Sql _madeBy = new("security.tokens.made_by", $"select {Columns} from api_token t where t.created_by = @by and t.user_name is null and t.revoked_at is null and (t.expires_at is null or t.expires_at > @now) order by t.name");
    private static readonly Sql _forget = new("security.sessions.forget", "delete from api_token where user_name is not null and expires_at < @before");

    private static readonly Sql _hasAdmin = new("security.admins", """
        select case when exists (select 1 from api_token where role = 'admin' and user_name is null and revoked_at is null and (expires_at is null or expires_at > @now))
          or exists (select 1 from user_account where role = 'admin') then 1 else 0 end
        """);

    private static readonly Sql _add = new("security.token.add", """
        insert into api_token (name, prefix, hash, role, topics, devices, user_name, created_at, created_by, expires_at)
        values (@name, @prefix, @hash, @role, @topics, @devices, @user, @now, @by, @expires)
        """);

    public static void BeginChange(Transaction tx) => tx.Execute(_change);

    /// <summary>The first statement of what begins a session: no password, role or user changes until its end, and nodes need not look again.</summary>
    public static void Hold(Transaction tx) => tx.First<long>(_hold);

    public static long Revision(Transaction tx) => tx.First<long>(_revision);

    public static TokenRow? Find(Transaction tx, string prefix) => tx.First<TokenRow>(_find, new { prefix });

    public static TokenRow? Active(Transaction tx, string name) => tx.First<TokenRow>(_active, new { name });

    public static List<TokenRow> List(Transaction tx, bool all) => tx.Query<TokenRow>(_list, new { all });

    public static List<TokenRow> These(Transaction tx, long[] ids) => tx.Query<TokenRow>(_these, new { ids = new IdList(ids) });

    public static void Revoke(Transaction tx, long id, Instant now) => tx.Execute(_revoke, new { id, now });

    /// <summary>Ends every session of a user.</summary>
    public static void RevokeOf(Transaction tx, string user) => tx.Execute(_revokeOf, new { user, now = tx.Now });

    /// <summary>Sessions of a user that are not over, the newest first.</summary>
    public static List<TokenRow> Sessions(Transaction tx, string user) => tx.Query<TokenRow>(_sessions, new { user, now = tx.Now });

    /// <summary>Tokens in force that somebody made.</summary>
    public static List<TokenRow> MadeBy(Transaction tx, string by) => tx.Query<TokenRow>(_madeBy, new { by, now = tx.Now });

    /// <summary>Deletes sessions that ended long ago.</summary>
    public static void Forget(Transaction tx, Instant before) => tx.Execute(_forget, new { before });

    public static bool HasAdmin(Transaction tx) => tx.First<int>(_hasAdmin, new { now = tx.Now }) == 1;

    public static void Used(Transaction tx, long id, Instant at) => tx.Execute(_used, new { id, at });

    public static void Add(Transaction tx, NewToken token, string prefix, string hash, Instant now, string by, string? user = null) => tx.Execute(_add, new
    {
        name = token.Name,
        prefix,
        hash,
        role = token.Role.Text(),
        topics = Scopes.Join(token.Scopes.Topics),
        devices = Scopes.Join(token.Scopes.Devices),
        user,
        now,
        by,
        expires = token.ExpiresAt,
    });
}
