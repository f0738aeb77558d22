using Rondo.Storage;

namespace Rondo.Security;

/// <summary>The SQL of users, and only the SQL.</summary>
internal static class UserStore
{
    private static readonly Sql _list = new("security.users", "select name, role, created_at, created_by, changed_at from user_account order by name");
    private static readonly Sql _find = new("security.user", "select name, role, created_at, created_by, changed_at from user_account where name = @name");
    private static readonly Sql _password = new("security.user.password", "select password from user_account where name = @name");
    private static readonly Sql _setPassword = new("security.user.passwd", "update user_account set password = @password, changed_at = @now where name = @name");
    private static readonly Sql _setRole = new("security.user.role", "update user_account set role = @role, changed_at = @now where name = @name");
    private static readonly Sql _remove = new("security.user.remove", "delete from user_account where name = @name");

    private static readonly Sql _add = new("security.user.add", """
        insert into user_account (name, role, password, created_at, created_by, changed_at) values (@name, @role, @password, @now, @by, @now)
        """);

    public static List<UserView> List(Transaction tx) => tx.Query<UserView>(_list);

    public static UserView? Find(Transaction tx, string name) => tx.First<UserView>(_find, new { name });

    public static string? Password(Transaction tx, string name) => tx.First<string>(_password, new { name });

    public static void Add(Transaction tx, string name, Role role, string password, string by) =>
        tx.Execute(_add, new { name, role = role.Text(), password, now = tx.Now, by });

    public static void SetPassword(Transaction tx, string name, string password) => tx.Execute(_setPassword, new { name, password, now = tx.Now });

    public static void SetRole(Transaction tx, string name, Role role) => tx.Execute(_setRole, new { name, role = role.Text(), now = tx.Now });

    public static void Remove(Transaction tx, string name) => tx.Execute(_remove, new { name });
}
