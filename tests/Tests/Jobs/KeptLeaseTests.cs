using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Nodes of tests that run longer than a lease lasts.</summary>
public sealed class KeptLeaseTests
{
    [Fact]
    public async Task A_node_of_a_test_renews_its_lease_while_its_jobs_run()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done));
        var least = rig.Node.LeaseLeft;
        await Eventually.TrueAsync(
            () =>
            {
                // Of a lease that nobody renews less is left with every look.
                var now = rig.Node.LeaseLeft;
                var isRenewed = now > least;
                least = now;
                return isRenewed;
            },
            "the lease is renewed");
    }
}
