using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Metrics;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Metrics and spans by OTLP, to a collector that is a small HTTP server of the test and reads the protobuf itself.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task Numbers_and_spans_reach_a_collector_under_their_names_with_their_labels_and_a_key()
    {
        using var collector = new Collector();
        using var folder = new TempFolder();
        await using var server = await StartAsync(folder, new MetricsOptions { Otlp = collector.At, OtlpHeaders = "x-key=abc", OtlpEvery = TimeSpan.FromSeconds(1) });
        using var source = new ActivitySource("Rondo.Test");
        source.StartActivity("test.span")!.Dispose();

        // Durations are sent as soon as their cells are known: within seconds, and with what comes from then on.
        await Eventually.TrueAsync(() => collector.Metrics.Any(m => m is { Name: "rondo_loop_pass_seconds", Kind: 9 }), "a histogram", TimeSpan.FromSeconds(30));
        await Eventually.TrueAsync(() => collector.Spans.Contains("test.span"), "a span", TimeSpan.FromSeconds(30));
        var counter = collector.Metrics.Last(m => m.Name == "rondo_loop_passes");
        Assert.Equal((7, true), (counter.Kind, counter.IsMonotonic));
        Assert.Contains("loop=audit.seal", counter.Labels);
        Assert.Equal(5, collector.Metrics.Last(m => m.Name == "process_resident_memory_bytes").Kind);
        Assert.Equal("By", collector.Metrics.Last(m => m.Name == "process_resident_memory_bytes").Unit);
        Assert.Equal("s", collector.Metrics.Last(m => m.Name == "rondo_loop_pass_seconds").Unit);
        Assert.Contains("service.name=rondo", collector.Resources);
        Assert.Contains($"service.instance.id={server.Node.Id}", collector.Resources);
        Assert.All(collector.Keys, key => Assert.Equal("abc", key));
        await server.StopAsync();
    }

    [Fact]
    public async Task Nothing_is_sent_unless_it_is_wanted()
    {
        using var folder = new TempFolder();
        await using var server = await StartAsync(folder, new MetricsOptions());
        Assert.DoesNotContain(server.LoopList, l => l.Name == "metrics.otlp");
        Assert.All(server.LoopList, l => Assert.Null(l.PassTimes.Mirror));
        await server.StopAsync();
    }

    [Fact]
    public async Task A_collector_that_is_away_harms_nothing()
    {
        using var folder = new TempFolder();
        await using var server = await StartAsync(folder, new MetricsOptions { Otlp = new Uri("http://127.0.0.1:1"), OtlpEvery = TimeSpan.FromSeconds(1) });
        await Eventually.TrueAsync(() => server.LoopList.Single(l => l.Name == "metrics.otlp").Passes > 0, "the loop passes");
        Assert.True(server.IsMakingProgress);
        var began = Stopwatch.GetTimestamp();
        await server.StopAsync();
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(15));
    }

    private static Task<Server> StartAsync(TempFolder folder, MetricsOptions metrics) => Server.StartAsync(
        DatabaseAddress.TryParse("sqlite:" + folder.At("rondo.db"), out _)!, ["poll"], new PollingOptions { LedgerRetention = null, ReadingRetention = null }, TimeProvider.System, NullLoggerFactory.Instance,
        CancellationToken.None, new ServerOptions { Metrics = metrics });

    private sealed record Sent(string Name, string Unit, int Kind, bool IsMonotonic, IReadOnlyList<string> Labels);

    /// <summary>Takes what is sent. Only the fields that the test looks at are read: numbers of opentelemetry/proto/metrics/v1/metrics.proto and trace.proto.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();

        public Collector()
        {
            At = new Uri($"http://127.0.0.1:{FreePort()}");
            _listener.Prefixes.Add(At + "v1/");
            _listener.Start();
            _ = Task.Run(TakeAsync);
        }

        public Uri At { get; }

        public ConcurrentQueue<Sent> Metrics { get; } = new();

        public ConcurrentQueue<string> Spans { get; } = new();

        public ConcurrentQueue<string> Resources { get; } = new();

        public ConcurrentQueue<string?> Keys { get; } = new();

        public void Dispose() => _listener.Close();

        private static int FreePort()
        {
            using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            free.Start();
            return ((IPEndPoint)free.LocalEndpoint).Port;
        }

        private async Task TakeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    Keys.Enqueue(context.Request.Headers["x-key"]);
                    var isMetrics = context.Request.Url!.AbsolutePath == "/v1/metrics";
                    Assert.Equal("application/x-protobuf", context.Request.ContentType);
                    foreach (var part in Fields(body.ToArray(), 1))
                    {
                        foreach (var attribute in Fields(part, 1).SelectMany(resource => Fields(resource, 1)))
                        {
                            Resources.Enqueue(Attribute(attribute));
                        }

                        foreach (var item in Fields(part, 2).SelectMany(scope => Fields(scope, 2)))
                        {
                            if (isMetrics)
                            {
                                Metrics.Enqueue(Read(item));
                            }
                            else
                            {
                                Spans.Enqueue(Text(Fields(item, 5)));
                            }
                        }
                    }

                    context.Response.StatusCode = 200;
                    context.Response.ContentType = "application/x-protobuf";
                    context.Response.Close();
                }
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private static Sent Read(byte[] metric)
        {
            // gauge 5, sum 7, histogram 9; each has its points in field 1, and a sum says in field 3 whether it only rises. Labels are field 7 of a number, 9 of a histogram.
            var kind = new[] { 5, 7, 9 }.First(k => Fields(metric, k).Count > 0);
            var content = Fields(metric, kind)[0];
            var labels = Fields(content, 1).SelectMany(point => Fields(point, kind == 9 ? 9 : 7)).Select(Attribute).ToList();
            return new Sent(Text(Fields(metric, 1)), Text(Fields(metric, 3)), kind, Varint(content, 3) == 1, labels);
        }

        private static string Attribute(byte[] pair) => $"{Text(Fields(pair, 1))}={Fields(pair, 2).Select(v => Text(Fields(v, 1))).FirstOrDefault()}";

        private static string Text(List<byte[]> values) => values.Count == 0 ? "" : Encoding.UTF8.GetString(values[0]);

        private static List<byte[]> Fields(byte[] message, int number) => [.. Walk(message).Where(f => f.Number == number && f.Bytes is not null).Select(f => f.Bytes!)];

        private static ulong Varint(byte[] message, int number) => Walk(message).LastOrDefault(f => f.Number == number && f.Bytes is null).Value;

        private static IEnumerable<(int Number, byte[]? Bytes, ulong Value)> Walk(byte[] message)
        {
            for (var at = 0; at < message.Length;)
            {
                var tag = Next(message, ref at);
                switch (tag & 7)
                {
                    case 0:
                        yield return ((int)(tag >> 3), null, Next(message, ref at));
                        break;
                    case 1:
                        at += 8;
                        break;
                    case 2:
                        var length = (int)Next(message, ref at);
                        yield return ((int)(tag >> 3), message[at..(at + length)], 0);
                        at += length;
                        break;
                    default:
                        at += 4;
                        break;
                }
            }
        }

        private static ulong Next(byte[] message, ref int at)
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                var one = message[at++];
                value |= (ulong)(one & 0x7f) << shift;
                if (one < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
