using System.Net;
using System.Net.Sockets;
using Npgsql;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

public sealed class ListenerTests
{
    private const string Channel = "test_listener";

    [Fact]
    public async Task A_listener_hears_what_is_told_after_it_began_and_on_its_channel_only()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        var heard = new List<string>();
        await store.ExecuteAsync($"select pg_notify('{Channel}', 'before')");
        using var listener = Postgres(store.Database.Inner).Listen(Channel, heard.Add);
        await store.ExecuteAsync("select pg_notify('another', 'no')");
        await store.ExecuteAsync($"select pg_notify('{Channel}', 'yes')");
        await listener.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.Equal(["yes"], heard);

        // A silence is no trouble.
        await listener.WaitAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        await listener.WaitAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(["yes"], heard);
    }

    [Fact]
    public async Task A_listener_whose_server_vanished_without_a_word_says_so_after_a_silence()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        var direct = new NpgsqlConnectionStringBuilder(store.Address.Target);
        await using var relay = new Relay(direct.Port);
        await using var database = Postgres(Database.Open(
            TestStore.Parse(new NpgsqlConnectionStringBuilder(store.Address.Target) { Host = "127.0.0.1", Port = relay.Port }.ConnectionString),
            DatabaseUse.Server,
            TimeProvider.System));
        using var listener = database.Listen(Channel, _ => { });
        await listener.WaitAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        relay.Freeze();
        var fault = await Assert.ThrowsAsync<StorageFault>(() => listener.WaitAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(StorageFaultKind.Unavailable, fault.Kind);
    }

    [Fact]
    public async Task Behind_PgBouncer_there_is_nothing_to_listen_to()
    {
        await using var database = Postgres(Database.Open(TestStore.Parse("postgres://h/plant?pgbouncer=true"), DatabaseUse.Server, TimeProvider.System));
        var fault = Assert.Throws<StorageFault>(() => database.Listen(Channel, _ => { }));
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
    }

    private static PostgresDatabase Postgres(Database database) => Assert.IsType<PostgresDatabase>(database);

    /// <summary>One connection to a port of this machine, which can be frozen: it stays open, and nothing passes any more.</summary>
    private sealed class Relay : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly Task _running;
        private volatile bool _isFrozen;

        public Relay(int target)
        {
            _listener.Start();
            _running = RunAsync(target);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Freeze() => _isFrozen = true;

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listener.Dispose();
            _end.Dispose();
        }

        private async Task RunAsync(int target)
        {
            using var from = await _listener.AcceptTcpClientAsync(_end.Token);
            using var to = new TcpClient();
            await to.ConnectAsync(IPAddress.Loopback, target, _end.Token);
            await Task.WhenAll(PassAsync(from.GetStream(), to.GetStream()), PassAsync(to.GetStream(), from.GetStream()));
        }

        private async Task PassAsync(NetworkStream from, NetworkStream to)
        {
            var buffer = new byte[8_192];
            int count;
            while ((count = await from.ReadAsync(buffer, _end.Token)) > 0)
            {
                if (!_isFrozen)
                {
                    await to.WriteAsync(buffer.AsMemory(0, count), _end.Token);
                }
            }
        }
    }
}
