using Rondo.Drivers.Modbus;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// One fault and whom it befalls. Several may be in force at once: what is said (exception, wrong ids, garbage) and how it is said
/// (delay, late, drop, dribble) combine. Its text form is what <c>rondo simulate modbus --fault</c> takes: <c>delay=200ms,units=3-7</c>.
/// </summary>
public sealed record FaultSpec
{
    /// <summary>Kind of fault.</summary>
    public FaultKind Kind { get; init; }

    /// <summary>
    /// Delay: how long an answer takes. Late: after how long it is sent at the latest, null for "with the next answer".
    /// Dribble: time between two bytes, null for 1 ms. Range 0 to 1 hour.
    /// </summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Delay only: up to this much is added, evenly spread. Default 0.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Drop: how many bytes of the answer are sent, null for 4. Garbage: how many bytes are sent, null for a random 1 to 64. Range 0 to 260.</summary>
    public int? Bytes { get; init; }

    /// <summary>Exception only: its code, 1 to 8, 10 or 11.</summary>
    public byte Code { get; init; }

    /// <summary>Single: true refuses the new connection instead of kicking the old one. Dead: true answers exception 11 instead of nothing. Default false.</summary>
    public bool Variant { get; init; }

    /// <summary>Units it befalls. Default null: all.</summary>
    public NumberRange? Units { get; init; }

    /// <summary>Gateways it befalls, by <see cref="SimulatedGateway.Number"/> (the first is 1). Default null: all.</summary>
    public NumberRange? Gateways { get; init; }

    /// <summary>How likely it is each time (each request; each connection for Refuse and Single). Default 1, range 0 to 1.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>What is wrong with this fault on gateways of that framing, as a sentence; null when nothing is.</summary>
    public string? Problem(ModbusFraming framing)
    {
        var name = FaultName.Of(Kind);
        return this switch
        {
            { Kind: FaultKind.Delay, Time: null } => "The fault 'delay' needs a time: delay=200ms.",
            { Kind: FaultKind.Exception, Code: not ((>= 1 and <= 8) or 10 or 11) } => $"There is no Modbus exception {Code}; use 1 to 8, 10 or 11: exception=2.",
            { Kind: FaultKind.WrongTransaction } when framing == ModbusFraming.Rtu =>
                "The fault 'wrong-transaction' needs TCP framing: serial frames have no transaction id. Use 'wrong-unit' or 'late'.",
            { Kind: FaultKind.BadCrc } when framing == ModbusFraming.Tcp =>
                "The fault 'bad-crc' needs RTU framing: TCP frames have no checksum. Use 'garbage' or 'wrong-transaction'.",
            { Units: not null } when !name.PerUnit => $"The fault '{name.Name}' is about connections, which no unit has; leave 'units' out, or choose gateways.",
            { Probability: not (>= 0 and <= 1) } => $"The probability of '{name.Name}' is {Probability}; it must be 0 to 1.",
            { Bytes: < 0 or > ServerFrames.Longest } => $"The fault '{name.Name}' has {Bytes} bytes; it must be 0 to {ServerFrames.Longest}, the longest frame there is.",
            _ when Jitter < TimeSpan.Zero || Jitter > FaultText.LongestTime || Time < TimeSpan.Zero || Time > FaultText.LongestTime =>
                $"A time of the fault '{name.Name}' is out of range; it must be 0 to 1h.",
            _ => null,
        };
    }

    /// <summary>Reads the text form. On failure <paramref name="error"/> says what was expected.</summary>
    /// <param name="text">For example <c>exception=2,gateway=1,p=0.1</c>.</param>
    /// <param name="spec">The fault; meaningless on failure.</param>
    /// <param name="error">What is wrong, with an example of what would be right; empty on success.</param>
    public static bool TryParse(string text, out FaultSpec spec, out string error) => FaultText.TryRead(text, out spec, out error);

    /// <summary>The text form; reading it gives this fault again.</summary>
    public override string ToString() => FaultText.Write(this);

    internal bool Befalls(int gateway) => Gateways is not { } gateways || gateways.Contains(gateway);
}
