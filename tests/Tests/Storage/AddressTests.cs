using Rondo.Storage;

namespace Rondo.Tests.Storage;

public sealed class AddressTests
{
    [Theory]
    [InlineData("sqlite:/data/rondo.db", "/data/rondo.db")]
    [InlineData("SQLITE:/data/../data/rondo.db", "/data/rondo.db")]
    [InlineData("sqlite:///data/rondo.db", "/data/rondo.db")]
    public void A_file_is_known_by_its_full_path(string text, string path)
    {
        var address = TestStore.Parse(text);
        Assert.Equal(DatabaseKind.Sqlite, address.Kind);
        Assert.Equal(path, address.Target);
        Assert.Equal("sqlite:" + path, address.ToString());
    }

    [Fact]
    public void A_relative_file_is_relative_to_where_we_are() =>
        Assert.Equal(Path.GetFullPath("rondo.db"), TestStore.Parse("sqlite:rondo.db").Target);

    [Theory]
    [InlineData("postgres://rondo@db.example:6543/plant", "postgres://rondo@db.example:6543/plant")]
    [InlineData("postgresql://rondo:geheim@db.example/plant", "postgres://rondo:***@db.example:5432/plant")]
    [InlineData("postgres://db.example/plant", "postgres://db.example:5432/plant")]
    [InlineData("postgres://r%40x:g%3Aeheim@[::1]:5433/my%20plant", "postgres://r@x:***@::1:5433/my plant")]
    [InlineData("postgres:///plant?host=/run/postgresql&username=rondo", "postgres://rondo@/run/postgresql:5432/plant")]
    [InlineData("postgres://h/plant?password=geheim&username=rondo", "postgres://rondo:***@h:5432/plant")]
    [InlineData("Host=h;Port=5433;Username=rondo;Password=geheim;Database=plant", "postgres://rondo:***@h:5433/plant")]
    public void A_server_is_shown_without_its_password(string text, string shown)
    {
        var address = TestStore.Parse(text);
        Assert.Equal(DatabaseKind.Postgres, address.Kind);
        Assert.Equal(shown, address.Shown);
        Assert.Equal(shown, $"{address}");
        Assert.Equal(text.Contains("geheim", StringComparison.Ordinal), address.Target.Contains("geheim", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("postgres://rondo:geheim@h:6432/plant?pgbouncer=true", true)]
    [InlineData("postgres://rondo:geheim@h:6432/plant?PgBouncer=True&timeout=7", true)]
    [InlineData("postgres://rondo:geheim@h:6432/plant?pgbouncer=false", false)]
    [InlineData("postgres://rondo:geheim@h:6432/plant", false)]
    [InlineData("Host=h;Port=6432;Username=rondo;Password=geheim;Database=plant;Pgbouncer=true", true)]
    [InlineData("pgbouncer=false;Host=h;Port=6432;Username=rondo;Password=geheim;Database=plant", false)]
    public void A_PgBouncer_before_the_server_is_known_and_shown_and_Npgsql_does_not_hear_of_it(string text, bool isBehind)
    {
        var address = TestStore.Parse(text);
        Assert.Equal(isBehind, address.IsBehindPgBouncer);
        Assert.Equal("postgres://rondo:***@h:6432/plant" + (isBehind ? "?pgbouncer=true" : ""), address.Shown);
        Assert.DoesNotContain("bouncer", address.Target, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("plant", new Npgsql.NpgsqlConnectionStringBuilder(address.Target).Database);
    }

    [Theory]
    [InlineData("postgres://db.example/plant", "postgres://rondo:geheim@DB.example:5432/plant?pgbouncer=true", true)]
    [InlineData("postgres://db.example/plant", "Host=db.example;Username=other;Password=geheim;Database=plant", true)]
    [InlineData("sqlite:/data/rondo.db", "sqlite:/data/../data/rondo.db", true)]
    [InlineData("postgres://db.example/plant", "postgres://db.example/other", false)]
    [InlineData("postgres://db.example/plant", "postgres://db.example:5433/plant", false)]
    [InlineData("postgres://db.example/plant", "postgres://db2.example/plant", false)]
    [InlineData("sqlite:/data/rondo.db", "sqlite:/data/other.db", false)]
    public void A_database_has_one_identity_whoever_logs_in_and_another_database_has_another(string one, string other, bool isSame)
    {
        Assert.Matches("^[0-9a-f]{16}$", TestStore.Parse(one).Identity);
        Assert.Equal(isSame, TestStore.Parse(one).Identity == TestStore.Parse(other).Identity);
    }

    [Fact]
    public void The_identity_never_changes_because_processes_of_several_versions_meet_by_it() =>
        Assert.Equal("544f2d70b9a41a5c", TestStore.Parse("postgres://rondo@db.example/plant").Identity);

    [Theory]
    [InlineData("postgres://rondo:geheim@h/plant?pgbouncer=")]
    [InlineData("postgres://rondo:geheim@h/plant?pgbouncer=perhaps")]
    [InlineData("Host=h;Password=geheim;Pgbouncer=perhaps")]
    public void A_PgBouncer_is_there_or_not(string text)
    {
        Assert.Null(DatabaseAddress.TryParse(text, out var error));
        Assert.Contains("is neither true nor false", error);
        Assert.DoesNotContain("geheim", error);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    [InlineData("sqlite:")]
    [InlineData("sqlite://")]
    [InlineData("rondo.db")]
    [InlineData("postgres://rondo:geheim@h")]
    [InlineData("postgres://rondo:geheim@h/")]
    [InlineData("postgres://rondo:geheim@h:notaport/plant")]
    [InlineData("postgres://rondo:geheim@h/plant?bogus=1")]
    [InlineData("postgres://rondo:geheim@h/plant?port=x")]
    [InlineData("postgress://rondo:geheim@h/plant")]
    [InlineData("mysql://rondo:geheim@h/plant")]
    [InlineData("postgres//rondo:geheim@h/plant")]
    [InlineData("Host=h;Bogus=1;Password=geheim")]
    [InlineData("Host=h;Port=x;Password=geheim")]
    [InlineData("Server=h;Password=geheim")]
    public void What_is_no_address_is_refused_with_what_was_expected_and_without_the_password(string? text)
    {
        Assert.Null(DatabaseAddress.TryParse(text, out var error));
        Assert.Contains("expected sqlite:PATH or postgres://", error);
        Assert.DoesNotContain("geheim", error);
    }
}
