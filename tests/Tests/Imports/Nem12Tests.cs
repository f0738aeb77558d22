using Rondo.Imports.Profiles;

namespace Rondo.Tests.Imports;

/// <summary>NEM12 files.</summary>
public sealed class Nem12Tests
{
    private const string Head = "100,NEM12,202405010000,MDP1,Retailer1\n";
    private const string Meter = "200,NCDE001111,E1B1Q1,1,E1,N1,METSER123,kWh,30,\n";
    private static readonly Profile _nem12 = Files.Shipped("nem12");

    [Fact]
    public void Times_are_ten_hours_ahead_on_every_day_of_the_year()
    {
        // Clocks in Sydney were put forward on 6 October 2024: here there are 48 half hours all the same.
        var read = Files.Read(_nem12, Head + Meter + Day("20241006", "A") + Day("20241007", "E52") + "900\n");
        Assert.Empty(read.Rejects);
        Assert.Equal(96, read.Intervals.Count);
        Assert.Equal(("2024-10-05T14:00:00Z", "2024-10-06T13:30:00Z"), (read.Starts.First(), read.Starts.ElementAt(47)));
        Assert.Equal((48, "NCDE001111/e1"), (read.Intervals.Count(i => i.IsEstimated), read.Intervals[0].Of.Series));
        Assert.Empty(read.Warnings);
    }

    [Fact]
    public void Variable_days_take_their_quality_from_the_records_that_follow()
    {
        var read = Files.Read(_nem12, Head + Meter + Day("20240501", "V") + "400,1,20,A,,\n400,21,24,E52,,\n400,25,48,N,,\n" + Day("20240502", "V") + "400,1,20,A,,\n400,22,48,A,,\n" + Day("20240503", "V") + "400,1,30,A,,\n400,30,48,A,,\n" + Day("20240504", "A") + "900\n");
        Assert.Equal((72, 4, 24L), (read.Intervals.Count, read.Intervals.Count(i => i.IsEstimated), read.Missing));
        Assert.Equal(["7 QualityMethod V bad_400_records", "10 QualityMethod V bad_400_records"], read.Reasons);
        Assert.Equal(Meter.TrimEnd(), read.Rejects[0].Context);
    }

    [Fact]
    public void Null_days_are_not_stored_and_what_is_broken_harms_itself_only()
    {
        var wh = "200,NCDE002222,E1,1,B1,N1,METSER1,WH,15,\n";
        var quarter = $"300,20240501,{string.Join(',', Enumerable.Repeat("1500", 96))},A,,,20240502000000,\n";
        var read = Files.Read(_nem12, Head + Meter + Day("20240501", "N") + "300,20240502,1,2,3,A,,,\n" + Day("20240503", "A") + "900\n" + "100,NEM12,202405010000,MDP1,Retailer1\n" + wh + quarter + "777,what\n"
            + "200,NCDE003333,E1,1,E1,N1,METSER1,kWh,7,\n" + Day("20240504", "A"));
        Assert.Equal(["4   columns", "10  777 bad_record", "11 IntervalLength 7 bad_interval", "12   no_200_record"], read.Reasons);
        Assert.Equal((48 + 96, 48L), (read.Intervals.Count, read.Missing));
        Assert.Equal((1.5m, 900, "NCDE002222/b1"), (read.Intervals[^1].Value, read.Intervals[^1].LengthS, read.Intervals[^1].Of.Series));
        Assert.Contains("900", read.Warnings.Single());
    }

    [Fact]
    public void A_file_that_ends_in_the_middle_of_a_record_loses_that_record_alone()
    {
        var whole = Head + Meter + Day("20240501", "A") + Day("20240502", "A");
        Assert.Equal((48, "4   unfinished"), (Files.Read(_nem12, whole[..^40]).Intervals.Count, Files.Read(_nem12, whole[..^40]).Reasons.Single()));
        Assert.Empty(Files.Read(_nem12, whole + "900").Rejects);
    }

    private static string Day(string date, string quality) => $"300,{date},{string.Join(',', Files.Count(48))},{quality},,,20240504120000,\n";
}
