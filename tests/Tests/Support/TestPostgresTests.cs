using Npgsql;

namespace Rondo.Tests.Support;

public sealed class TestPostgresTests(TestPostgres database) : IClassFixture<TestPostgres>
{
    [Fact]
    public async Task Each_class_gets_an_empty_database_of_its_own()
    {
        await using var connection = await database.OpenAsync();
        await using var other = await TestPostgres.CreateAsync();
        await using var otherConnection = await other.OpenAsync();
        Assert.NotEqual(connection.Database, otherConnection.Database);
        Assert.Equal(0L, await ScalarAsync(connection, "select count(*) from pg_tables where schemaname = 'public'"));
        Assert.Equal("on", await ScalarAsync(connection, "show fsync"));
    }

    [Fact]
    public async Task A_copy_of_a_template_brings_what_the_template_holds()
    {
        var template = await TestPostgres.TemplateAsync("one table", async to =>
        {
            await using var connection = new NpgsqlConnection(to);
            await connection.OpenAsync();
            await ScalarAsync(connection, "create table held (n int)");
            await ScalarAsync(connection, "insert into held values (7)");
        });
        await using var copy = await TestPostgres.CreateAsync(template);
        await using var opened = await copy.OpenAsync();
        Assert.Equal(7, await ScalarAsync(opened, "select n from held"));
    }

    [Fact]
    public async Task A_database_is_dropped_even_when_a_test_left_a_connection_open()
    {
        var dropped = await TestPostgres.CreateAsync();
        var left = await dropped.OpenAsync();
        var name = left.Database;
        await dropped.DisposeAsync();
        await using var connection = await database.OpenAsync();
        Assert.Equal(0L, await ScalarAsync(connection, $"select count(*) from pg_database where datname = '{name}'"));
        await left.DisposeAsync();
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }
}
