using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>The HTTP API of one running server, by default on loopback. What it answers is told in docs/protocols/http.md and by its own OpenAPI document.</summary>
internal sealed class HttpApi : IAsyncDisposable
{
    /// <summary>Largest body of a request, bytes.</summary>
    public const int MaxBody = 4 * 1024 * 1024;

    // A connection that has become a WebSocket is not counted; those of a thousand clients that come back at once are, until they have.
    private const int MaxConnections = 1_024;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);
    private readonly WebApplication _app;

    private HttpApi(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens, with the real port.</summary>
    public Uri Address { get; }

    /// <summary>Every endpoint there is.</summary>
    internal IReadOnlyList<Endpoint> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <summary>Listens and answers from now on.</summary>
    /// <param name="server">The server it speaks for; it must outlive the API.</param>
    /// <param name="settings">Where to listen.</param>
    /// <param name="stop">Gives up starting.</param>
    /// <exception cref="HttpStartException">The address is not one of loopback, or its port is taken.</exception>
    public static async Task<HttpApi> StartAsync(Server server, HttpSettings settings, CancellationToken stop)
    {
        var endpoint = settings.Endpoint(out var problem) ?? throw new HttpStartException(problem!);
        server.StartAccess();
        var logs = settings.Logs is null ? null : new ForwardedLogs(settings.Logs);
        var certificate = settings.IsTls ? new TlsCertificate(settings.Certificate!, settings.CertificateKey, server.Time, settings.Logs?.CreateLogger("rondo.http")) : null;
        var app = Build(server, settings, logs, endpoint, certificate);
        try
        {
            await app.StartAsync(stop).ConfigureAwait(false);
        }
        catch (IOException fault)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new HttpStartException($"The HTTP API cannot listen on {endpoint}: {fault.Message} Choose another port, or 0 for a free one", fault);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        logs?.IsListening = true;
        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new HttpApi(app, new Uri(bound));
    }

    /// <summary>Stops listening, lets running requests end (bounded) and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(_patience, TimeProvider.System);
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static WebApplication Build(Server server, HttpSettings settings, ForwardedLogs? logs, IPEndPoint endpoint, TlsCertificate? certificate)
    {
        // The empty builder, because the others read environment variables and an appsettings.json of the current folder, which may name further
        // addresses to listen on: nothing around the process may open it to a network.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "rondo", EnvironmentName = "Production" });

        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            var seats = new ConnectionSeats(server.Time, settings);
            kestrel.Listen(endpoint, listen =>
            {
                listen.Use(next => connection => seats.HoldAsync(connection, next));
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null)
                {
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate.Current), HandshakeTimeout = TimeSpan.FromSeconds(10) });
                }
            });
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        // Ctrl-C and SIGTERM belong to the command that runs the server.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(server);
        builder.Services.AddSingleton(new HostNames(settings));
        builder.Services.AddSingleton(new TokenPace(server.Time, settings.RatePerToken));
        builder.Services.AddSingleton<DeviceWrites>();
        builder.Services.AddSingleton<HealthWords>();
        builder.Services.AddExceptionHandler<FaultHandler>();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(options => ApiJson.Apply(options.SerializerOptions));
        ApiDocument.Add(builder.Services);
        AccessPolicies.Add(builder.Services);

        var app = builder.Build();
        app.Use(server.Numbers.Http.Measure);
        if (settings.Proxies.Count > 0)
        {
            app.UseForwardedHeaders(Forwarded(settings.Proxies));
        }

        app.Use(RequestGuard.Check);
        app.UseExceptionHandler(_ => { });
        // Clients hear that the server stops while they can still be told.
        app.Lifetime.ApplicationStopping.Register(server.Live.Feed.Stop);

        // The feed has heartbeats of its own.
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        app.UseStatusCodePages(context => Problem.OfStatus(context.HttpContext).ExecuteAsync(context.HttpContext));
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.Use(TokenPace.Check);
        app.Use(QueryGuard.Check);
        HealthEndpoints.Map(app);
        DetailedHealthEndpoints.Map(app);
        MetricsEndpoints.Map(app);
        SetupEndpoints.Map(app);
        SessionEndpoints.Map(app);
        UserEndpoints.Map(app);
        TokenEndpoints.Map(app);
        PollingEndpoints.Map(app);
        DeviceEndpoints.Map(app);
        SecretEndpoints.Map(app);
        ReadingEndpoints.Map(app);
        NodeEndpoints.Map(app);
        JobEndpoints.Map(app);
        BatchEndpoints.Map(app);
        JobHealthEndpoints.Map(app);
        QueueEndpoints.Map(app);
        ScheduleEndpoints.Map(app);
        ImportEndpoints.Map(app);
        AuditEndpoints.Map(app);
        TraceEndpoints.Map(app);
        FeedEndpoints.Map(app);
        PublishEndpoint.Map(app);
        PusherEndpoints.Map(app);
        if (server.Welcome is not null)
        {
            WelcomeEndpoints.Map(app);
        }

        app.MapOpenApi("/openapi/v1.json").RequireAuthorization(Role.Viewer.Text());
        return app;
    }

    /// <summary>From the right, each that a trusted proxy put there; who is none of them is who asks.</summary>
    private static ForwardedHeadersOptions Forwarded(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = 10 };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            options.KnownIPNetworks.Add(proxy);
        }

        return options;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
