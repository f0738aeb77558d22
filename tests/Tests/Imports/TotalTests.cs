using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>Totals of wide files are compared with what they are of.</summary>
public sealed class TotalTests
{
    private static readonly string _header = "MPAN,Date,Unit,Total," + string.Join(',', Enumerable.Range(1, 48).Select(i => $"HH{i}")) + "\n";

    [Fact]
    public void A_row_whose_total_is_not_its_sum_is_rejected()
    {
        var text = _header + Row("A", "24", "0.500") + Row("B", "25", "0.500") + Row("C", "", "0.500") + Row("D", "0.024", "0.500", "MWh") + Row("E", "24", "1", "kW") + Row("F", "n/a", "0.500");
        Assert.Equal(["3 Total 25 total_differs", "5 Total 0.024 total_differs"], Files.Read(Profile(), text).Reasons);
        Assert.Empty(Files.Read(Profile("totals: ignore"), text).Reasons);

        // Where a value is missing there is nothing to compare.
        var values = string.Join(',', Enumerable.Repeat("0.500", 40).Concat(Enumerable.Repeat("", 8)));
        Assert.Empty(Files.Read(Profile(), _header + $"A,2026-05-01,kWh,24,{values}\n").Reasons);
    }

    [Theory]
    [InlineData("24.1", "24", 48, 1, true)]
    [InlineData("24.2", "24", 48, 3, true)]
    [InlineData("24.6", "24", 48, 3, false)]
    [InlineData("26.3", "24.0", 48, 1, true)]
    [InlineData("26.6", "24.0", 48, 1, false)]
    [InlineData("1004", "1000.000", 48, 3, true)]
    [InlineData("1006", "1000.000", 48, 3, false)]
    public void Rounding_and_half_a_percent_are_no_difference(string sum, string total, int count, int scale, bool isSame) =>
        Assert.Equal(isSame, TotalText.Agree(Number(sum), Number(total), count, scale));

    [Theory, BothDatabases]
    public async Task A_profile_may_refuse_the_whole_file_before_anything_is_stored(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 50);
        var text = _header + Row("A", "24", "0.500") + Row("B", "24", "0.500") + Row("C", "30", "0.500");
        var row = await rig.ImportAsync(text, own: Profile("totals: refuse"), until: "dead");
        Assert.Contains("in line 4 the total 30 is not the sum", row.LastError);
        Assert.Empty(await rig.ValuesAsync());
        row = await rig.ImportAsync(text, own: Profile());
        Assert.Equal((96, 1), (row.Inserted, row.Rejected));
    }

    private static Profile Profile(params string[] lines) => ProfileReader.Read(Files.Changed("wide-half-hours", lines).Text.Replace("columns:\n", "columns:\n  total: [total]\n"), "test");

    private static string Row(string meter, string total, string value, string unit = "kWh") => $"{meter},2026-05-01,{unit},{total},{string.Join(',', Enumerable.Repeat(value, 48))}\n";

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
