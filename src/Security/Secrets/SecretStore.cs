using Rondo.Storage;

namespace Rondo.Security;

/// <summary>The SQL of secrets, and only the SQL.</summary>
internal static class SecretStore
{
    private const string Columns = "id, owner_kind, owner, name, payload, key_id, changed_at, changed_by";

    private static readonly Sql _find = new("secrets.find", $"select {Columns} from secret where owner_kind = @kind and owner = @owner and name = @name");
    private static readonly Sql _of = new("secrets.of", $"select {Columns} from secret where owner_kind = @kind and owner = @owner order by name");
    private static readonly Sql _page = new("secrets.page", $"select {Columns} from secret where id > @after order by id limit @limit");
    private static readonly Sql _others = new("secrets.others", $"select {Columns} from secret where id > @after and key_id <> @key order by id limit @limit");
    private static readonly Sql _countOthers = new("secrets.others.count", "select count(*) from secret where key_id <> @key");
    private static readonly Sql _keys = new("secrets.keys", "select key_id, count(*) as secrets from secret group by key_id order by key_id");
    private static readonly Sql _remove = new("secrets.remove", "delete from secret where owner_kind = @kind and owner = @owner and name = @name");
    private static readonly Sql _removeOwners = new("secrets.remove.owner", "delete from secret where owner_kind = @kind and owner = @owner");
    private static readonly Sql _removeIds = new("secrets.remove.ids", "delete from secret where id {in:@ids}");

    private static readonly Sql _put = new("secrets.put", """
        insert into secret (owner_kind, owner, name, payload, key_id, changed_at, changed_by) values (@kind, @owner, @name, @payload, @key, @now, @by)
        on conflict (owner_kind, owner, name) do update set payload = excluded.payload, key_id = excluded.key_id, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """);

    // Of a value that was set meanwhile nothing is overwritten.
    private static readonly Sql _replace = new("secrets.replace", "update secret set payload = @payload, key_id = @key where id = @id and payload = @old");

    public static SecretRow? Find(Transaction tx, SecretOwner owner, string name) => tx.First<SecretRow>(_find, new { kind = owner.Kind, owner = owner.Name, name });

    public static List<SecretRow> Of(Transaction tx, SecretOwner owner) => tx.Query<SecretRow>(_of, new { kind = owner.Kind, owner = owner.Name });

    public static List<SecretRow> Page(Transaction tx, long after, int limit) => tx.Query<SecretRow>(_page, new { after, limit });

    /// <summary>Those that another key than <paramref name="key"/> encrypts.</summary>
    public static List<SecretRow> Others(Transaction tx, string key, long after, int limit) => tx.Query<SecretRow>(_others, new { key, after, limit });

    public static long CountOthers(Transaction tx, string key) => tx.First<long>(_countOthers, new { key });

    public static List<KeyUse> Keys(Transaction tx) => tx.Query<KeyUse>(_keys);

    public static void Put(Transaction tx, SecretOwner owner, string name, string payload, string key, string by) =>
        tx.Execute(_put, new { kind = owner.Kind, owner = owner.Name, name, payload, key, now = tx.Now, by });

    public static bool Replace(Transaction tx, SecretRow old, string payload, string key) => tx.Execute(_replace, new { id = old.Id, old = old.Payload, payload, key }) == 1;

    public static bool Remove(Transaction tx, SecretOwner owner, string name) => tx.Execute(_remove, new { kind = owner.Kind, owner = owner.Name, name }) == 1;

    public static void RemoveOwner(Transaction tx, SecretOwner owner) => tx.Execute(_removeOwners, new { kind = owner.Kind, owner = owner.Name });

    public static void Remove(Transaction tx, long[] ids) => tx.Execute(_removeIds, new { ids = new IdList(ids) });

    public sealed class SecretRow
    {
        public long Id { get; init; }

        public string OwnerKind { get; init; } = "";

        public string Owner { get; init; } = "";

        public string Name { get; init; } = "";

        public string Payload { get; init; } = "";

        public string KeyId { get; init; } = "";

        public Instant ChangedAt { get; init; }

        public string ChangedBy { get; init; } = "";

        public SecretOwner Of => new(OwnerKind, Owner);

        public SecretView View() => new() { OwnerKind = OwnerKind, Owner = Owner, Name = Name, KeyId = KeyId, ChangedAt = ChangedAt, ChangedBy = ChangedBy };
    }

    public sealed class KeyUse
    {
        public string KeyId { get; init; } = "";

        public long Secrets { get; init; }
    }
}
