using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Logs;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host.Logs;

/// <summary>What a line of the log in JSON holds: docs/operations/logs.md.</summary>
public sealed class JsonLineTests
{
    private readonly LogNode _node = new();
    private readonly LoggerExternalScopeProvider _scopes = new();

    [Fact]
    public void A_line_is_one_object_with_its_event_its_words_and_what_it_belongs_to()
    {
        _node.Id = "n1";
        using var outer = _scopes.Push(new Dictionary<string, object?> { ["Queue"] = "a", ["CorrelationId"] = "abc" });
        using var inner = _scopes.Push(new Dictionary<string, object?> { ["Queue"] = "b", ["Id"] = 12L, ["Attempt"] = 2 });
        using var text = _scopes.Push("a scope of words alone");
        var line = Line(log => HostLog.Started(log, "n1", "sqlite:x", "poll"));
        Assert.Equal("info", line.GetProperty("level").GetString());
        Assert.Equal("rondo", line.GetProperty("category").GetString());
        Assert.Equal((1001, "Started"), (line.GetProperty("event_id").GetInt32(), line.GetProperty("event").GetString()));
        Assert.Equal("Node n1 started on sqlite:x with roles poll", line.GetProperty("message").GetString());
        Assert.Equal("Node {Node} started on {Database} with roles {Roles}", line.GetProperty("template").GetString());
        Assert.Equal("sqlite:x", line.GetProperty("values").GetProperty("database").GetString());
        Assert.Equal("n1", line.GetProperty("node").GetString());
        Assert.True(DateTimeOffset.Parse(line.GetProperty("time").GetString()!).Offset == TimeSpan.Zero);
        Assert.Equal("""{"queue":"b","correlation_id":"abc","id":12,"attempt":2}""", line.GetProperty("scope").GetRawText());
        Assert.False(line.TryGetProperty("exception", out _));
    }

    [Fact]
    public void Whatever_it_quotes_it_stays_one_line_and_bounded()
    {
        var line = Line(log => HostLog.PassFailed(log, "a\nb\u001b[31m\u2028\"", new string('x', 100_000)));
        Assert.Equal("a\nb\u001b[31m\u2028\"", line.GetProperty("values").GetProperty("loop").GetString());
        Assert.True(line.GetRawText().Length < 40_000, $"{line.GetRawText().Length} characters");
    }

    [Fact]
    public void A_fault_is_told_with_where_it_was()
    {
        Exception fault;
        try
        {
            throw new InvalidOperationException("broken");
        }
        catch (InvalidOperationException thrown)
        {
            fault = thrown;
        }

        var exception = Line(log => HostLogOf(log, fault)).GetProperty("exception").GetString()!;
        Assert.StartsWith("System.InvalidOperationException: broken", exception, StringComparison.Ordinal);
        Assert.Contains(nameof(A_fault_is_told_with_where_it_was), exception, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_keep_their_kinds()
    {
        var line = Line(log => log.LogWarning(new EventId(7, "Kinds"), "{A} {B} {C} {D} {E} {F}", 1, 2.5, true, null, new[] { "x", "y" }, double.NaN));
        Assert.Equal("""{"a":1,"b":2.5,"c":true,"d":null,"e":["x","y"],"f":"NaN"}""", line.GetProperty("values").GetRawText());
    }

    [Theory]
    [InlineData("auto", null, "Pretty")]
    [InlineData("auto", "8:1234", "Systemd")]
    [InlineData("json", "8:1234", "Json")]
    [InlineData("pretty", "8:1234", "Pretty")]
    [InlineData("systemd", null, "Systemd")]
    public void The_format_is_what_was_set_or_what_suits_whoever_reads(string set, string? journal, string expected)
    {
        Assert.True(LogFormats.TryParse(set, out var format));
        Assert.Equal(expected, format.In(name => name == LogFormats.JournalVariable ? journal : null).ToString());
        Assert.False(LogFormats.TryParse("yaml", out _));
    }

    private static void HostLogOf(ILogger log, Exception fault) => Rondo.Host.Http.HttpLog.Failed(log, fault, "GET", "/x", "c");

    /// <summary>What the formatter writes for one line.</summary>
    private JsonElement Line(Action<ILogger> say)
    {
        var text = new StringWriter();
        say(new Formatted(new JsonLines(_node, TimeProvider.System), _scopes, text));
        var written = text.ToString();
        Assert.EndsWith("\n", written, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', written.TrimEnd('\n'));
        Assert.DoesNotContain('\u001b', written);
        return JsonDocument.Parse(written).RootElement;
    }

    private sealed class Formatted(JsonLines lines, IExternalScopeProvider scopes, TextWriter to) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Write(new LogEntry<TState>(logLevel, "rondo", eventId, state, exception, formatter), scopes, to);
    }
}
