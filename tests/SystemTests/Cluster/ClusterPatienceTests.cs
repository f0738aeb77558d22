using System.Diagnostics;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>A database that neither answers nor refuses: whoever waits for it gives up in time, wherever in its transaction it was.</summary>
public sealed class ClusterPatienceTests(ITestOutputHelper output)
{
    private static readonly Sql One = new("test.one", "select 1");

    // A recorder that is longer in one pass is called stuck, and its process ends; cut off from the database it is to wait for it instead.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(7);

    private enum Moment
    {
        BeforeIt,
        InIt,
        BeforeTheCommit,
    }

    [Fact]
    public async Task A_brief_write_whose_way_to_the_database_is_cut_is_given_up_before_its_loop_counts_as_stuck()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        var url = await server.CreateDatabaseAsync("rondo");
        var times = await Task.WhenAll(Enum.GetValues<Moment>().Select(moment => Task.Run(() => GivenUpAfterAsync(server, url, moment))));
        Assert.All(times, time => Assert.InRange(time, TimeSpan.FromSeconds(1), Patience));
    }

    private async Task<TimeSpan> GivenUpAfterAsync(PrivatePostgres server, string url, Moment cut)
    {
        await using var proxy = new TcpProxy(server.Port);
        var address = url.Replace($":{server.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        await using var database = Database.Open(DatabaseAddress.TryParse(address, out _)!, DatabaseUse.Server, TimeProvider.System);
        Assert.Equal(1, database.Write("test.whole", tx => tx.First<int>(One)));

        CutAt(Moment.BeforeIt);
        var from = Stopwatch.GetTimestamp();
        var fault = Assert.Throws<StorageFault>(() => database.Write("test.cut", tx =>
        {
            CutAt(Moment.InIt);
            var one = tx.First<int>(One);
            CutAt(Moment.BeforeTheCommit);
            return one;
        }));
        var took = Stopwatch.GetElapsedTime(from);
        output.WriteLine($"{cut}: {took.TotalSeconds:0.0} s, {fault.Message}");
        Assert.Equal(StorageFaultKind.Unavailable, fault.Kind);
        return took;

        void CutAt(Moment moment)
        {
            if (moment == cut)
            {
                proxy.Cut();
            }
        }
    }
}
