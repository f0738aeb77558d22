using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Retention;

/// <summary>From when on everything is there that a tier ever held. Said before the first row goes, and it never moves back.</summary>
public sealed class KeptFrom
{
    private static readonly Sql _read = new("retention.kept", "select class, tier, from_at from reading_kept");

    private static readonly Sql _say = new("retention.kept.say", """
        insert into reading_kept (class, tier, from_at) values (@word, @tier, @before)
        on conflict (class, tier) do update set from_at = excluded.from_at where reading_kept.from_at < excluded.from_at
        """);

    // For nodes of the version before, which know no classes: they roll up again only what both still have.
    private static readonly Sql _sayOld = new("rollups.keep_from", "update readings_state set raw_from = @before where raw_from is null or raw_from < @before");

    private readonly Dictionary<(string Class, int Tier), long> _from;

    private KeptFrom(IEnumerable<Row> rows) => _from = rows.ToDictionary(r => (r.Class, r.Tier), r => r.FromAt.Micros);

    /// <summary>What is in force.</summary>
    public static KeptFrom Read(Transaction tx) => new(tx.Query<Row>(_read));

    /// <summary>What a tier of a class holds before an instant may be gone from now on, and what was made of it stays. In a transaction that is committed before the first row goes.</summary>
    public static void Say(Transaction tx, SeriesClass of, Tier tier, Instant before)
    {
        tx.Execute(_say, new { word = of.Word(), tier = (int)tier, before });
        if (tier == Tier.Raw)
        {
            tx.Execute(_sayOld, new { before });
        }
    }

    /// <summary>The first microsecond that is whole; before all time when nothing of it was ever let go of.</summary>
    public long Of(SeriesClass of, Tier tier) => _from.GetValueOrDefault((of.Word(), (int)tier), Bounds.First);

    private sealed class Row
    {
        public string Class { get; init; } = "";

        public int Tier { get; init; }

        public Instant FromAt { get; init; }
    }
}
