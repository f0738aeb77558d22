using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Jobs;
using Rondo.Live;
using Rondo.Polling;
using Rondo.Security;
using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

[CollectionDefinition(Name)]
public sealed class HttpCollection : ICollectionFixture<HttpFixture>
{
    public const string Name = "http";
}

/// <summary>An answer of the API, read to its end.</summary>
public sealed record Answer(HttpStatusCode Status, string MediaType, string Text, HttpResponseMessage Message)
{
    public JsonElement Json => Text.Length == 0 ? default : JsonDocument.Parse(Text).RootElement;

    public string? Header(string name) => Message.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    /// <summary>The answer is an error as every error must be.</summary>
    public JsonElement Problem(HttpStatusCode status)
    {
        Assert.True(status == Status, $"expected {(int)status}, got {(int)Status}: {Text}");
        Assert.Equal("application/problem+json", MediaType);
        Assert.Equal((int)status, Json.GetProperty("status").GetInt32());
        Assert.NotEmpty(Json.GetProperty("title").GetString()!);
        Assert.NotEmpty(Json.GetProperty("detail").GetString()!);
        Assert.Equal(Header("X-Correlation-Id"), Json.GetProperty("correlation_id").GetString());
        return Json;
    }

    public JsonElement Good(HttpStatusCode status = HttpStatusCode.OK)
    {
        Assert.True(status == Status, $"expected {(int)status}, got {(int)Status}: {Text}");
        return Json;
    }
}

/// <summary>A server on a SQLite file of its own, three simulated gateways of two units each, and the API on a free port.</summary>
public sealed class HttpFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly CapturedLogs _logs = new();
    private ModbusSimulator? _simulator;

    private readonly string _address;
    private readonly string[] _roles = ["poll"];

    public HttpFixture() => _address = "sqlite:" + _folder.At("rondo.db");

    internal HttpFixture(string address) => _address = address;

    internal HttpFixture(string? address, params string[] roles)
        : this()
    {
        _address = address ?? _address;
        _roles = roles;
    }

    /// <summary>What the API has written to the log.</summary>
    internal IReadOnlyCollection<string> Lines => _logs.Lines;

    /// <summary>Bounds of the feed, and what else it has; null for the defaults.</summary>
    internal LiveOptions? Live { get; init; }

    /// <summary>False for a server that is told of nothing, and looks.</summary>
    internal bool IsHinting { get; init; } = true;

    internal Server Server { get; private set; } = null!;

    internal HttpApi Api { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator = await ModbusSimulator.StartAsync(new ModbusSimulatorOptions { Gateways = 3, Units = 2 }, TimeProvider.System);
        if (_address == "sqlite:" + _folder.At("rondo.db"))
        {
            await TestStore.LayFileAsync(_folder.At("rondo.db"));
        }

        Server = await ServerOnAsync(_address, Live, new Rondo.Imports.ImportOptions { Folder = _folder.At("imports") }, _roles, IsHinting);
        Api = await HttpApi.StartAsync(Server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = _logs }, CancellationToken.None);
        Client = await ClientAsync(Server, Api);
    }

    /// <summary>A client that may do everything, or what its role lets it.</summary>
    internal static async Task<HttpClient> ClientAsync(Server server, HttpApi api, Role role = Role.Admin, string? devices = null)
    {
        var client = new HttpClient { BaseAddress = api.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", await TokenAsync(server, role, devices));
        return client;
    }

    /// <summary>A new token.</summary>
    internal static async Task<string> TokenAsync(Server server, Role role, string? devices = null)
    {
        Assert.Null(Scopes.TryParse(null, devices, out var scopes));
        return (await new TokenOperations(server.Database, server.Hints.Send).AddAsync(new NewToken($"test-{Ids.New()}", role, null, scopes), new Actor("command", "test", "here"))).Text;
    }

    internal static Task<Server> ServerOnAsync(string address, params string[] roles) => ServerOnAsync(address, null, roles);

    internal static Task<Server> ServerOnAsync(string address, LiveOptions? live, params string[] roles) => ServerOnAsync(address, live, null, roles);

    /// <summary>A server whose jobs get no time to end when it stops.</summary>
    internal static Task<Server> HastyAsync(string address, params string[] roles) => ServerOnAsync(address, null, null, roles, jobs: new JobsOptions { StopPatience = TimeSpan.Zero });

    private static Task<Server> ServerOnAsync(string address, LiveOptions? live, Rondo.Imports.ImportOptions? imports, string[] roles, bool isHinting = true, JobsOptions? jobs = null) => Server.StartAsync(
        DatabaseAddress.TryParse(address, out _)!, roles.Length == 0 ? ["poll"] : roles, new PollingOptions { LedgerRetention = null, ReadingRetention = null }, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, new ServerOptions { Live = live ?? new LiveOptions(), Imports = imports, IsHinting = isHinting, Jobs = jobs ?? new JobsOptions() });

    /// <summary>A simulated gateway's host:port; gateways are numbered from 1.</summary>
    public string Gateway(int number) => _simulator!.Endpoints[number - 1].ToString();

    public string Meter(string name, int gateway = 1, int unit = 1, string more = "") => $$"""
        { "name": "{{name}}", "address": "{{Gateway(gateway)}}", "unit": {{unit}}, "interval": "200ms", {{more}}
          "points": [ { "name": "voltage", "function": "input", "address": 0, "unit": "V" }, { "name": "power", "function": "input", "address": 52, "unit": "W" } ] }
        """;

    public Task<Answer> GetAsync(string path) => AskAsync(HttpMethod.Get, path);

    public async Task<Answer> AskAsync(HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        return await SendAsync(request, headers);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var message = await Client.SendAsync(request);
        if (message.StatusCode == HttpStatusCode.InternalServerError)
        {
            Assert.Fail($"{request.Method} {request.RequestUri} met a bug: {_logs.Lines.LastOrDefault()}");
        }

        return new Answer(message.StatusCode, message.Content.Headers.ContentType?.MediaType ?? "", await message.Content.ReadAsStringAsync(), message);
    }

    public async Task RemoveAsync(params string[] names)
    {
        foreach (var name in names)
        {
            await AskAsync(HttpMethod.Delete, "/api/devices/" + name);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Api.DisposeAsync();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await _simulator!.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Keeps what the API would write to the log.</summary>
internal sealed class CapturedLogs : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

    public void Dispose()
    {
        // Nothing is held.
    }
}
