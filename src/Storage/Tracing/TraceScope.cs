using System.Collections;

namespace Rondo.Storage;

/// <summary>The scope of log lines that belong to a trace: <c>CorrelationId</c> and <c>TraceId</c>.</summary>
/// <param name="context">The trace.</param>
public sealed class TraceScope(TraceContext context) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <inheritdoc/>
    public int Count => 2;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("CorrelationId", context.CorrelationId),
        1 => new("TraceId", context.TraceId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        yield return this[0];
        yield return this[1];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"correlation {context.CorrelationId}, trace {context.TraceId}";
}
