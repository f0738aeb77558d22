using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Rondo.Host.Http;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Open connections: nobody takes all of them, and nobody keeps one for nothing.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Who_opens_connections_by_the_hundred_shuts_nobody_else_out()
    {
        using var folder = new TempFolder();
        using var logs = new CapturedLogs();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "work");
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs, Silence = TimeSpan.FromMinutes(10) }, CancellationToken.None);
        var greedy = new List<Socket?>();
        for (var n = 0; n < 1_100; n++)
        {
            greedy.Add(await TryOpenAsync(api, IPAddress.Parse("127.0.0.2")));
        }

        await Eventually.TrueAsync(() => greedy.Count(IsClosed) == greedy.Count - ConnectionSeats.Most, "of one address so many stay, and no more");
        using var other = new HttpClient { BaseAddress = api.Address };
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/health/live")).StatusCode);
        Assert.Contains("127.0.0.2 has 256 connections open", Assert.Single(logs.Lines, l => l.Contains("connections open", StringComparison.Ordinal)));

        // Whoever lets go of some may open others.
        greedy.ForEach(s => s?.Dispose());
        await Eventually.TrueAsync(async () =>
        {
            using var again = await TryOpenAsync(api, IPAddress.Parse("127.0.0.2"));
            return again is not null && (await AskAsync(again)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        }, "it may come again");
        await server.StopAsync();
    }

    [Fact]
    public async Task A_connection_that_has_become_a_WebSocket_is_not_counted()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        var (sockets, token) = (new List<Socket>(), "");
        for (var n = 0; n < ConnectionSeats.Most + 20; n++)
        {
            var socket = await OpenAsync(rondo.Api, IPAddress.Parse("127.0.0.2"));
            sockets.Add(socket);
            token = n % 50 == 0 ? await HttpFixture.TokenAsync(rondo.Server, Rondo.Security.Role.Viewer) : token;
            Assert.StartsWith("HTTP/1.1 101", await AskAsync(socket, "GET /ws HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", $"Authorization: Bearer {token}"));
        }

        sockets.ForEach(s => s.Dispose());
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("::ffff:10.1.2.3")]
    public async Task Trusted_proxies_may_have_more(string proxy)
    {
        var seats = new ConnectionSeats(new FakeTime(), new HttpSettings { Proxies = [IPNetwork.Parse("10.0.0.0/8")] });
        var end = new TaskCompletionSource();
        var held = Enumerable.Range(0, ConnectionSeats.Most + 1).Select(_ => seats.HoldAsync(Connection(proxy), _ => end.Task)).ToList();
        Assert.All(held, h => Assert.False(h.IsCompleted));

        // Of IPv6 a network counts as one.
        var six = Enumerable.Range(0, ConnectionSeats.Most + 1).Select(n => seats.HoldAsync(Connection($"2001:db8::{n:x}"), _ => end.Task)).ToList();
        Assert.Equal(1, six.Count(h => h.IsCompleted));
        end.SetResult();
        await Task.WhenAll(held.Concat(six));
    }

    [Fact]
    public async Task Who_asks_nothing_is_closed_after_20_s_and_who_has_asked_is_not()
    {
        var time = new FakeTime();
        var seats = new ConnectionSeats(time, new HttpSettings());
        var end = new TaskCompletionSource();
        var (silent, asking) = (Connection("192.0.2.1"), Connection("192.0.2.1"));
        var held = new[] { seats.HoldAsync(silent, _ => end.Task), seats.HoldAsync(asking, _ => end.Task) };
        var request = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        request.Features.Set(asking.Features.Get<ConnectionSeat>());
        ConnectionSeat.Asked(request);
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(silent.ConnectionClosed.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => silent.ConnectionClosed.IsCancellationRequested, "it is closed");
        Assert.False(asking.ConnectionClosed.IsCancellationRequested);
        end.SetResult();
        await Task.WhenAll(held);
    }

    [Fact]
    public async Task A_server_closes_silent_connections_and_keeps_those_that_asked()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "work");
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Silence = TimeSpan.FromSeconds(1) }, CancellationToken.None);
        var asking = await OpenAsync(api, IPAddress.Loopback);
        for (string answer; !(answer = await AskAsync(asking)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);)
        {
            // This machine was slow, and it was closed before it had asked.
            Assert.Equal("", answer);
            asking.Dispose();
            asking = await OpenAsync(api, IPAddress.Loopback);
        }

        using var silent = await OpenAsync(api, IPAddress.Loopback);
        await Eventually.TrueAsync(() => IsClosed(silent), "who says nothing is closed");
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(asking));
        asking.Dispose();
        await server.StopAsync();
    }

    private static DefaultConnectionContext Connection(string address) => new() { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) };

    private static async Task<Socket> OpenAsync(HttpApi api, IPAddress from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(IPAddress.Loopback, api.Address.Port);
        return socket;
    }

    /// <summary>Null when it was closed before it was known here.</summary>
    private static async Task<Socket?> TryOpenAsync(HttpApi api, IPAddress from)
    {
        try
        {
            return await OpenAsync(api, from);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static bool IsClosed(Socket? socket)
    {
        try
        {
            return socket is null || (socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[1], SocketFlags.Peek) == 0);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>What is answered, to the end of its last piece or of the handshake; empty when it was closed.</summary>
    private static async Task<string> AskAsync(Socket socket, string request = "GET /health/live HTTP/1.1", params string[] headers)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"{request}\r\nHost: localhost\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"));
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var (answer, buffer, count) = ("", new byte[8_192], 1);
            while (count > 0 && !answer.Contains("\r\n0\r\n\r\n", StringComparison.Ordinal) && !(answer.StartsWith("HTTP/1.1 101", StringComparison.Ordinal) && answer.Contains("\r\n\r\n", StringComparison.Ordinal)))
            {
                count = await socket.ReceiveAsync(buffer, SocketFlags.None, bound.Token);
                answer += Encoding.ASCII.GetString(buffer, 0, count);
            }

            return answer;
        }
        catch (SocketException)
        {
            return "";
        }
    }
}
