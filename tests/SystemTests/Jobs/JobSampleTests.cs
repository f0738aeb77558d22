using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Jobs;

/// <summary>The sample of the docs, as it was built with everything else.</summary>
public sealed class JobSampleTests
{
    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_sample_of_the_docs_sends_its_receipts_and_stops_also_the_second_time(DatabaseKind kind)
    {
        await using var site = await JobSite.CreateAsync(kind);
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        for (var time = 1; time <= 2; time++)
        {
            await using var sample = new ChildProcess(Path.Combine(here.Parent!.Parent!.FullName, "JobsSample", here.Name, "Rondo.JobsSample"), [site.Database]);
            Assert.Equal(0, await sample.ExitAsync());
            await sample.WaitForLineAsync("stopped after 3 attempts");
            foreach (var (customer, place) in new[] { "Ada", "Grace", "Edsger" }.Select((c, n) => (c, n + 1)))
            {
                Assert.Single(sample.Output, $"receipt of order {place + ((time - 1) * 3)} for {customer}, attempt 1 of 5");
            }
        }

        Assert.Equal(6, await site.ReadAsync<long>("select count(*) from job_history where state = 'done' and queue = 'mail'"));
        Assert.Equal(0, await site.ReadAsync<long>("select count(*) from node where state = 'live'"));
    }
}
