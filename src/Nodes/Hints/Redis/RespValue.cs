namespace Rondo.Nodes;

/// <summary>The kinds of RESP2.</summary>
internal enum RespKind
{
    Simple,
    Error,
    Integer,
    Bulk,
    Array,
}

/// <summary>One value of RESP2.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Of a simple string, an error and a bulk string; null for the null bulk string.</param>
/// <param name="Number">Of an integer.</param>
/// <param name="Items">Of an array; null for the null array.</param>
internal sealed record RespValue(RespKind Kind, string? Text = null, long Number = 0, IReadOnlyList<RespValue>? Items = null);
