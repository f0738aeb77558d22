using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Rondo.Storage;

/// <summary>
/// What belongs together: the id that whoever asked calls it by, and its place in a trace (W3C Trace Context). It goes from a request to whatever is written in its name: the
/// audit row, the job, its attempts, their events, the jobs these enqueue.
/// </summary>
public sealed record TraceContext
{
    /// <summary>Longest correlation id, characters.</summary>
    public const int LongestCorrelation = 64;

    private const int TextLength = 55;
    private static readonly SearchValues<char> _fit = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:");
    private static readonly SearchValues<char> _hex = SearchValues.Create("0123456789abcdef");
    private static readonly AsyncLocal<TraceContext?> _current = new();

    private TraceContext(string correlationId, string traceId, string spanId, bool isSampled) =>
        (CorrelationId, TraceId, SpanId, IsSampled) = (correlationId, traceId, spanId, isSampled);

    /// <summary>That of the work under way here; null when nobody asked for it.</summary>
    public static TraceContext? Current => _current.Value;

    /// <summary>1 to 64 letters, digits and <c>- _ . :</c>.</summary>
    public string CorrelationId { get; }

    /// <summary>32 hexadecimal digits.</summary>
    public string TraceId { get; }

    /// <summary>16 hexadecimal digits: what was under way when this was taken down, the parent of what follows.</summary>
    public string SpanId { get; }

    /// <summary>Whether whoever began the trace records it.</summary>
    public bool IsSampled { get; }

    /// <summary>As it is sent on.</summary>
    public string Traceparent => $"00-{TraceId}-{SpanId}-{(IsSampled ? "01" : "00")}";

    /// <summary>True for a text that can be a correlation id.</summary>
    public static bool IsCorrelation([NotNullWhen(true)] string? text) => text is { Length: > 0 and <= LongestCorrelation } && !text.AsSpan().ContainsAnyExcept(_fit);

    /// <summary>True for a text that can be a trace id.</summary>
    public static bool IsTraceId([NotNullWhen(true)] string? text) => text is { Length: 32 } && !text.AsSpan().ContainsAnyExcept(_hex) && text.AsSpan().ContainsAnyExcept('0');

    /// <summary>
    /// Takes up what somebody sent. What is not as it has to be counts for nothing and is replaced: a trace by a new one, a correlation id by the trace's id.
    /// </summary>
    /// <param name="correlation">The correlation id, or null.</param>
    /// <param name="traceparent">The header of W3C Trace Context, or null.</param>
    public static TraceContext From(string? correlation, string? traceparent)
    {
        var context = TryParse(traceparent) ?? new TraceContext("", ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString(), isSampled: false);
        return new TraceContext(IsCorrelation(correlation) ? correlation : context.TraceId, context.TraceId, context.SpanId, context.IsSampled);
    }

    /// <summary>The same when there is something to take up; null when neither is as it has to be.</summary>
    public static TraceContext? Take(string? correlation, string? traceparent) =>
        IsCorrelation(correlation) || TryParse(traceparent) is not null ? From(correlation, traceparent) : null;

    /// <summary>The next step of the same trace.</summary>
    /// <param name="span">Its id, of somebody who records it; null for one of its own.</param>
    public TraceContext Next(string? span = null) => new(CorrelationId, TraceId, span ?? ActivitySpanId.CreateRandom().ToHexString(), IsSampled);

    /// <summary>Makes it the one of the work under way (with null: of nobody's) until the answer is disposed of.</summary>
    public static Use Enter(TraceContext? context)
    {
        var before = _current.Value;
        _current.Value = context;
        return new Use(before);
    }

    // Version 00; of a later one the beginning, which is to be the same.
    private static TraceContext? TryParse(string? text)
    {
        if (text is null || text.Length < TextLength || text.Length > 512 || text[2] != '-' || text[35] != '-' || text[52] != '-')
        {
            return null;
        }

        var (version, trace, span, flags) = (text[..2], text[3..35], text[36..52], text[53..TextLength]);
        var isFit = IsHex(version) && version != "ff" && IsTraceId(trace) && IsHex(span) && span.AsSpan().ContainsAnyExcept('0') && IsHex(flags)
            && (text.Length == TextLength || (version != "00" && text[TextLength] == '-'));
        return isFit ? new TraceContext(trace, trace, span, (Convert.ToByte(flags, 16) & 1) == 1) : null;
    }

    private static bool IsHex(string text) => !text.AsSpan().ContainsAnyExcept(_hex);

    /// <summary>Ends the use of a context.</summary>
    /// <param name="before">The one there was before.</param>
    public readonly struct Use(TraceContext? before) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => _current.Value = before;
    }
}
