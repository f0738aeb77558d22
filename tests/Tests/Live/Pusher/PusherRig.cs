using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Live.Pusher;
using Rondo.Polling;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Live.Pusher;

/// <summary>A real server with its HTTP door, real tokens, and an application of Pusher.</summary>
internal sealed class PusherRig : IAsyncDisposable
{
    public const string Key = "278d425bdf160c739803";
    private const string Secret = "7ad3773142a6692b25b8";
    private static readonly Actor _by = new("command", "test", "here");
    private readonly TestStore? _store;
    private readonly DatabaseAddress _address;
    private readonly HttpClient _http;

    private PusherRig(TestStore? store, DatabaseAddress address, Server server, HttpApi api)
    {
        (_store, _address, Server, Api) = (store, address, server, api);
        _http = new HttpClient { BaseAddress = api.Address };
    }

    public static PusherApp App { get; } = new("3", Key, Secret);

    public Server Server { get; }

    public HttpApi Api { get; }

    public FeedState State => Server.Live.Feed.State;

    private TokenOperations Tokens => new(Server.Database, Server.Hints.Send);

    public static async Task<PusherRig> StartAsync(DatabaseKind kind = DatabaseKind.Sqlite, LiveOptions? options = null)
    {
        var store = await TestStore.CreateAsync(kind);
        if (kind == DatabaseKind.Sqlite)
        {
            // One server a file.
            await store.Database.DisposeAsync();
        }

        return await StartAsync(store, store.Address, options ?? new LiveOptions { Pusher = App });
    }

    /// <summary>Another node on the same database.</summary>
    public Task<PusherRig> JoinAsync() => StartAsync(null, _address, new LiveOptions { Pusher = App });

    private static async Task<PusherRig> StartAsync(TestStore? store, DatabaseAddress address, LiveOptions options)
    {
        var server = await Server.StartAsync(address, ["work"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken, new ServerOptions { Live = options });
        var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, TestContext.Current.CancellationToken);
        return new PusherRig(store, address, server, api);
    }

    /// <summary>A new token; its name is that of the role.</summary>
    public async Task<string> TokenAsync(Role role, string? name = null, string? topics = null, TimeSpan? within = null)
    {
        Assert.Null(Scopes.TryParse(topics, null, out var scopes));
        return (await Tokens.AddAsync(new NewToken(name ?? role.Text(), role, within is { } span ? Server.Database.Clock.Now + span : null, scopes), _by)).Text;
    }

    /// <summary>A new secret in the place of a token's.</summary>
    public async Task<string> RotateAsync(string name) => (await Tokens.RotateAsync(name, _by)).Text;

    public Task RevokeAsync(string name) => Tokens.RevokeAsync(name);

    public Task<PusherListener> ConnectAsync() => PusherListener.ConnectAsync(Api.Address, Key);

    /// <summary>Connected, with a channel that the token may have.</summary>
    public async Task<PusherListener> ListenAsync(string token, params string[] channels)
    {
        var listener = await ConnectAsync();
        foreach (var channel in channels)
        {
            Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync(channel, await AuthAsync(token, listener.SocketId, channel)));
        }

        return listener;
    }

    /// <summary>What /broadcasting/auth answers to the form that clients send.</summary>
    public Task<HttpResponseMessage> AskAsync(string? token, string socketId, string channel) =>
        PostAsync(token, new FormUrlEncodedContent([KeyValuePair.Create("socket_id", socketId), KeyValuePair.Create("channel_name", channel)]));

    public Task<HttpResponseMessage> PostAsync(string? token, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/broadcasting/auth") { Content = content };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return _http.SendAsync(request);
    }

    public async Task<string> AuthAsync(string token, string socketId, string channel)
    {
        using var answer = await AskAsync(token, socketId, channel);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("auth").GetString()!;
    }

    /// <summary>As a back-end that has the secret signs, by itself.</summary>
    public static string Hmac(string text, string secret = Secret) => Convert.ToHexString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text))).ToLowerInvariant();

    /// <summary>A signed request of a back-end.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "The protocol wants it.")]
    public async Task<(int Status, string Text)> SignedAsync(
        string method, string path, string? body = null, string query = "", string secret = Secret, double offset = 0, string? sent = null, string version = "1.0", string key = Key)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["auth_key"] = key, ["auth_timestamp"] = ((long)(Server.Database.Clock.Now.Micros / 1e6 + offset)).ToString(CultureInfo.InvariantCulture), ["auth_version"] = version,
        };
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            parameters[part.Split('=')[0]] = part.Split('=')[1];
        }

        if (body is not null)
        {
            parameters["body_md5"] = Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes(body))).ToLowerInvariant();
        }

        var text = string.Join('&', parameters.Select(p => $"{p.Key}={p.Value}"));
        var signature = Hmac($"{method}\n{path}\n{text}", secret);
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{path}?{text}&auth_signature={signature}");
        if (body is not null)
        {
            request.Content = new StringContent(sent ?? body, Encoding.UTF8, "application/json");
        }

        using var answer = await _http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<int> LoggedAsync() => (int)await Server.Database.ReadAsync("test", tx => tx.First<long>(new Sql("test", "select count(*) from live_event")));

    public Task WriteAsync(string name, string topic, string data = "{}", string? also = null) => Server.Database.WriteAsync("test", tx =>
    {
        Server.Live.Events.Write(tx, new LiveEvent(name, topic, tx.Now, data) { AlsoOn = also });
    });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Api.DisposeAsync();
        await Server.StopAsync();
        await Server.DisposeAsync();
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }
}
