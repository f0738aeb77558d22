using Rondo.Storage;

namespace Rondo.Tests.Storage;

public sealed class DialectTests
{
    [Theory]
    [InlineData("select 1 from t{share}", "select 1 from t", "select 1 from t for key share")]
    [InlineData("select id from t{update}{skip_locked}", "select id from t", "select id from t for update skip locked")]
    [InlineData("a {instant}, b {bigint}, c {values}", "a INTEGER, b INTEGER, c TEXT", "a timestamptz, b bigint, c double precision[]")]
    [InlineData("{greatest}(1, 2)", "max(1, 2)", "greatest(1, 2)")]
    [InlineData("id {in:@ids} and x {in:@more}", "id in (select value from json_each(@ids)) and x in (select value from json_each(@more))", "id = any(@ids) and x = any(@more)")]
    [InlineData("a{only:sqlite}b{end}c{only:postgres}d{end}e", "abce", "acde")]
    [InlineData("{only:sqlite}{true}{end}{only:postgres}{false}{end}", "1", "false")]
    [InlineData("""select '{"a":{}}'::x, '{1,2}', '{unknown}'""", """select '{"a":{}}'::x, '{1,2}', '{unknown}'""", """select '{"a":{}}'::x, '{1,2}', '{unknown}'""")]
    public void Tokens_become_what_each_database_wants_and_other_braces_stay(string text, string sqlite, string postgres)
    {
        Assert.Equal(sqlite, Dialect.Sqlite.Render(text));
        Assert.Equal(postgres, Dialect.Postgres.Render(text));
    }

    [Fact]
    public void A_block_that_is_not_closed_is_a_bug_that_says_where() => Assert.Contains(
        "{only:sqlite} select", Assert.Throws<InvalidOperationException>(() => Dialect.Sqlite.Render("x {only:sqlite} select 1")).Message);

    [Fact]
    public void A_statement_is_rendered_once_for_each_database()
    {
        var sql = new Sql("test", "select {true}");
        Assert.Same(sql.For(Dialect.Sqlite), sql.For(Dialect.Sqlite));
        Assert.Equal("select 1", sql.For(Dialect.Sqlite));
        Assert.Equal("/* test */ select true", sql.For(Dialect.Postgres));
    }
}
