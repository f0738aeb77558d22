namespace Rondo.Simulators.Modbus;

/// <summary>What the faults in force make of one answer: the dice have been thrown.</summary>
internal struct Misbehaviour
{
    public bool Silent;
    public byte Exception;
    public bool WrongTransaction;
    public bool WrongUnit;
    public bool BadCrc;
    public int? Garbage;
    public TimeSpan Delay;
    public bool Late;
    public TimeSpan? LateBy;
    public int? DropAfter;
    public TimeSpan? Dribble;

    /// <summary>How many faults take part.</summary>
    public int Count;

    /// <summary>Throws the dice for one request to <paramref name="unit"/>. Where two faults disagree, the later one in the list wins.</summary>
    public static Misbehaviour Choose(ReadOnlySpan<FaultSpec> faults, int unit, Dice dice)
    {
        var chosen = default(Misbehaviour);
        foreach (var fault in faults)
        {
            if (fault.Kind is FaultKind.Refuse or FaultKind.Single || (fault.Units is { } units && !units.Contains(unit)) || !dice.Hit(fault.Probability))
            {
                continue;
            }

            chosen.Count++;
            chosen.Add(fault, dice);
        }

        return chosen;
    }

    private void Add(FaultSpec fault, Dice dice)
    {
        switch (fault.Kind)
        {
            case FaultKind.Delay:
                Delay = fault.Time.GetValueOrDefault() + (fault.Jitter * dice.Next());
                break;
            case FaultKind.Silent:
                Silent = true;
                break;
            case FaultKind.Dead when fault.Variant:
                Exception = UnitAnswer.TargetFailed;
                break;
            case FaultKind.Dead:
                Silent = true;
                break;
            case FaultKind.Drop:
                DropAfter = fault.Bytes ?? 4;
                break;
            case FaultKind.WrongTransaction:
                WrongTransaction = true;
                break;
            case FaultKind.WrongUnit:
                WrongUnit = true;
                break;
            case FaultKind.BadCrc:
                BadCrc = true;
                break;
            case FaultKind.Exception:
                Exception = fault.Code;
                break;
            case FaultKind.Late:
                Late = true;
                LateBy = fault.Time;
                break;
            case FaultKind.Dribble:
                Dribble = fault.Time ?? TimeSpan.FromMilliseconds(1);
                break;
            case FaultKind.Garbage:
                Garbage = fault.Bytes ?? 1 + (int)(dice.Next() * 64);
                break;
        }
    }
}
