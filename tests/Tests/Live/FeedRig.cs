using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Live;

/// <summary>A real server with its HTTP door on a database of the test's own.</summary>
internal sealed class FeedRig : IAsyncDisposable
{
    private static readonly LiveOptions _fast = new() { AuthWithin = TimeSpan.FromMilliseconds(100) };
    private readonly TestStore? _store;

    private FeedRig(TestStore? store, DatabaseAddress address, Server server, HttpApi api) => (_store, Address, Server, Api) = (store, address, server, api);

    public DatabaseAddress Address { get; }

    public Server Server { get; }

    public HttpApi Api { get; }

    public FeedState State => Server.Live.Feed.State;

    public static async Task<FeedRig> StartAsync(DatabaseKind kind = DatabaseKind.Sqlite, LiveOptions? options = null, TestAccess? access = null, string role = "work")
    {
        var store = await TestStore.CreateAsync(kind);
        if (kind == DatabaseKind.Sqlite)
        {
            // One server a file.
            await store.Database.DisposeAsync();
        }

        return await StartAsync(store, store.Address, options, access, true, role);
    }

    /// <summary>Another node on the same database.</summary>
    public Task<FeedRig> JoinAsync(bool isHinting = true, TestAccess? access = null, LiveOptions? options = null) => StartAsync(null, Address, options, access, isHinting);

    private static async Task<FeedRig> StartAsync(TestStore? store, DatabaseAddress address, LiveOptions? options, TestAccess? access, bool isHinting, string role = "work")
    {
        var server = await Server.StartAsync(
            address, [role], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken, new ServerOptions
            {
                IsHinting = isHinting, Live = options ?? (access is null ? new LiveOptions() : _fast), FeedAccess = access is null ? new LocalAccess() : access,
            });
        var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, TestContext.Current.CancellationToken);
        return new FeedRig(store, address, server, api);
    }

    /// <summary>Connected, and known to the server unless <paramref name="isKnown"/> is false.</summary>
    public async Task<FeedListener> ConnectAsync(string? token = null, string query = "", bool isKnown = true)
    {
        var listener = await FeedListener.OpenAsync(Api.Address, token, query);
        if (isKnown)
        {
            Assert.Equal("auth", (await listener.NextAsync()).GetProperty("type").GetString());
        }

        return listener;
    }

    /// <summary>Connected as whoever comes from this machine, with these topics.</summary>
    public async Task<FeedListener> ListenAsync(string[] topics, string? id = null)
    {
        var listener = await ConnectAsync();
        await listener.SubscribeAsync(topics, id);
        return listener;
    }

    public Task PublishAsync(string name, string topic = "devices.1", string data = "{}", string? also = null) => Server.Database.WriteAsync("test", tx =>
    {
        Server.Live.Events.Write(tx, new LiveEvent(name, topic, tx.Now, data) { AlsoOn = also });
    });

    public Task PublishAsync(IEnumerable<string> names, string topic = "devices.1") => Server.Database.WriteAsync("test", tx =>
    {
        Server.Live.Events.Write(tx, [.. names.Select(n => new LiveEvent(n, topic, tx.Now, "{}"))]);
    });

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Server.StopAsync();
        await Server.DisposeAsync();
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }
}
