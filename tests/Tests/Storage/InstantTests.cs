using FsCheck;
using FsCheck.Fluent;
using Rondo.Storage;

namespace Rondo.Tests.Storage;

public sealed class InstantTests
{
    // 1900 to 2199: what both databases and .NET agree on, and any meter will see.
    private static Arbitrary<Instant> Instants() => (
        from seconds in Gen.Choose(0, int.MaxValue)
        from times in Gen.Choose(0, 3)
        from micros in Gen.Choose(0, 999_999)
        select new Instant(-2_208_988_800_000_000L + ((((long)seconds * times) + micros) * 1_000_000L) + micros)).ToArbitrary();

    [Theory, BothDatabases]
    public async Task An_instant_survives_the_database_to_the_microsecond(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (n {int} not null primary key, at {instant}){strict}");
        var instants = Instants().Generator.Sample(10, 300).Append(Instant.Epoch).Append(new Instant(-1)).Append(new Instant(1)).ToArray();
        await store.Database.WriteAsync("write", tx =>
        {
            for (var i = 0; i < instants.Length; i++)
            {
                tx.Execute(new Sql("one", "insert into t (n, at) values (@n, @at)"), new { n = i, at = instants[i] });
            }

            tx.Execute(new Sql("null", "insert into t (n, at) values (-1, @at)"), new { at = (Instant?)null });
        });
        Assert.Equal(instants, await store.QueryAsync<Instant>("select at from t where n >= 0 order by n"));
        Assert.Equal(instants.Order(), await store.QueryAsync<Instant>("select at from t where n >= 0 order by at, n"));
        Assert.Null(await store.ScalarAsync<Instant?>("select at from t where n = -1"));
        foreach (var at in instants.Take(20))
        {
            Assert.Equal(instants.Count(other => other == at), await store.ScalarAsync<int>("select count(*) from t where at = @at", new { at }));
        }
    }

    [Fact]
    public void Its_text_leads_back_to_it() => Prop.ForAll(Instants(), at =>
    {
        Assert.True(Instant.TryParse(at.ToString(), out var read));
        Assert.Equal(at, read);
        Assert.Equal(at, Instant.From(at.ToDateTime()));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00.250Z", "2026-01-31T12:00:00.25Z")]
    [InlineData("2026-01-31T12:00:00.000001Z", "2026-01-31T12:00:00.000001Z")]
    [InlineData("2026-01-31 13:30:00+01:30", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31", "2026-01-31T00:00:00Z")]
    public void It_is_read_as_people_write_it_and_shown_short(string text, string shown)
    {
        Assert.True(Instant.TryParse(text, out var at));
        Assert.Equal(shown, $"{at}");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("yesterday")]
    public void What_is_no_instant_is_none(string? text) => Assert.False(Instant.TryParse(text, out _));

    [Fact]
    public void Instants_order_and_subtract_like_numbers()
    {
        var (early, late) = (new Instant(5), new Instant(9));
        Assert.True(early < late && late > early && early <= late && late >= early && early <= new Instant(5) && early >= new Instant(5));
        Assert.Equal(TimeSpan.FromMicroseconds(4), late - early);
        Assert.Equal(late, early + TimeSpan.FromMicroseconds(4));
        Assert.Equal(early, late - TimeSpan.FromMicroseconds(4));
        Assert.True(early.CompareTo(late) < 0);
    }
}
