namespace Rondo.Simulators.Modbus;

/// <summary>How one kind of fault is written, for help texts and for the parser.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Name">Its name in <c>--fault NAME[=VALUE][,…]</c>.</param>
/// <param name="Value">What may follow the name: <c>=MS</c> is needed, <c>[=MS]</c> may be left out, empty takes nothing.</param>
/// <param name="Meaning">One line for people.</param>
/// <param name="PerUnit">True when <c>units=</c> makes sense: the fault is about answers, not about connections.</param>
public sealed record FaultName(FaultKind Kind, string Name, string Value, string Meaning, bool PerUnit = true)
{
    /// <summary>Every fault there is, in the order of a help text.</summary>
    public static IReadOnlyList<FaultName> All { get; } =
    [
        new(FaultKind.Delay, "delay", "=TIME", "answer after TIME (200ms, 2s); jitter=TIME adds up to that much"),
        new(FaultKind.Refuse, "refuse", "", "refuse connections and close open ones; with p below 1, reset that share of new ones", PerUnit: false),
        new(FaultKind.Silent, "silent", "", "accept, read, never answer"),
        new(FaultKind.Drop, "drop", "[=BYTES]", "close the connection after BYTES of the answer (default 4; 0 closes before the first)"),
        new(FaultKind.WrongTransaction, "wrong-transaction", "", "answer with another transaction id (TCP framing)"),
        new(FaultKind.WrongUnit, "wrong-unit", "", "answer with another unit id"),
        new(FaultKind.BadCrc, "bad-crc", "", "answer with a wrong checksum (RTU framing)"),
        new(FaultKind.Exception, "exception", "=CODE", "answer with exception CODE (1 to 8, 10, 11)"),
        new(FaultKind.Late, "late", "[=TIME]", "hold the answer until the client's next request, and send it right before that answer; at the latest after TIME"),
        new(FaultKind.Single, "single", "[=kick|refuse]", "allow one connection: a new one kicks the old one (default), or is refused", PerUnit: false),
        new(FaultKind.Dead, "dead", "[=silence|exception]", "the unit is off: no answer (default), or exception 11 from the gateway"),
        new(FaultKind.Dribble, "dribble", "[=TIME]", "send the answer byte by byte, TIME apart (default 1ms)"),
        new(FaultKind.Garbage, "garbage", "[=BYTES]", "send that many random bytes instead of the answer (default: 1 to 64)"),
    ];

    /// <summary>The entry of one kind.</summary>
    public static FaultName Of(FaultKind kind) => All[(int)kind];
}
