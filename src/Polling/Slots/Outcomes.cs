using Rondo.Drivers;

namespace Rondo.Polling.Slots;

/// <summary>The one recorded outcome of a slot.</summary>
public enum Outcome : byte
{
    /// <summary>Every point was read.</summary>
    Ok,

    /// <summary>Some points were read.</summary>
    Partial,

    /// <summary>The device was asked and nothing was read.</summary>
    Failed,

    /// <summary>The device was not asked.</summary>
    Missed,
}

/// <summary>Why a slot was missed. What failed when a device was asked is a <see cref="ReadFault"/>.</summary>
public enum MissReason : byte
{
    /// <summary>It was not missed.</summary>
    None,

    /// <summary>It could not start within its max_lateness.</summary>
    Late,

    /// <summary>The previous poll of the same group was still running.</summary>
    Busy,

    /// <summary>The device or its endpoint keeps failing and is only probed now and then.</summary>
    BreakerOpen,

    /// <summary>No node ran.</summary>
    NodeDown,

    /// <summary>The database could not be reached and the spool was full, or the lease could not be renewed.</summary>
    DatabaseDown,

    /// <summary>The node that owned the endpoint was declared dead.</summary>
    Fenced,

    /// <summary>The clock jumped over it.</summary>
    ClockJump,
}

/// <summary>The words the ledger uses.</summary>
public static class OutcomeWords
{
    private static readonly string[] _outcomes = ["ok", "partial", "failed", "missed"];
    private static readonly string?[] _misses = [null, "late", "busy", "breaker_open", "node_down", "database_down", "fenced", "clock_jump"];
    private static readonly string?[] _faults =
    [
        null, "timeout", "refused", "unreachable", "closed", "protocol", "auth", "rejected", "busy", "device", "gateway", "not_available", "deadline", "cancelled",
    ];

    /// <summary>Text of an outcome.</summary>
    public static string Text(this Outcome outcome) => _outcomes[(int)outcome];

    /// <summary>Text of a reason.</summary>
    public static string? Text(this MissReason reason) => _misses[(int)reason];

    /// <summary>Text of a fault.</summary>
    public static string? Text(this ReadFault fault) => _faults[(int)fault];

    /// <summary>Outcome of a text; throws for any other, since the schema allows no other.</summary>
    public static Outcome Parse(string text)
    {
        var index = Array.IndexOf(_outcomes, text);
        return index >= 0 ? (Outcome)index : throw new ArgumentException($"'{text}' is not an outcome", nameof(text));
    }
}
