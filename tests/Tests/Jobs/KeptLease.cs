using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>
/// Renews the lease of a node that runs without a lease loop, so that one of a slow test goes on: on PostgreSQL a node that renewed nothing for 10 s claims no more. It has a
/// thread of its own, as the loop has, for tests that keep those of the pool.
/// </summary>
internal sealed class KeptLease : IDisposable
{
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread? _thread;

    public KeptLease(Database database, Node node)
    {
        // On SQLite there is none.
        if (database.Address.Kind == DatabaseKind.Postgres)
        {
            _thread = new Thread(() => Keep(node)) { IsBackground = true, Name = "test-lease" };
            _thread.Start();
        }
    }

    public void Dispose()
    {
        _over.Set();
        _thread?.Join();
        _over.Dispose();
    }

    private void Keep(Node node)
    {
        // Until it ends, or was declared dead.
        for (var isLive = true; isLive && !_over.Wait(LeaseLoop.Look);)
        {
            try
            {
                isLive = node.Renew();
            }
            catch (StorageFault)
            {
                // The test took the database away; the next one is in a second.
            }
        }
    }
}
