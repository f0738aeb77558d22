using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// Explains what was missed by what was done. A slot is node_down only while its owner was down and nobody could have taken over yet; database_down, late or busy
/// only around what makes a node wait. Nothing else is an explanation.
/// </summary>
internal sealed class Explanation
{
    /// <summary>What is polled but not yet committed when its node goes down, and how exact a fault's beginning is known.</summary>
    public static readonly TimeSpan CommitLag = TimeSpan.FromSeconds(1);

    /// <summary>From the claim until what was claimed is armed, on a busy machine.</summary>
    public static readonly TimeSpan ArmLag = TimeSpan.FromMilliseconds(2_500);

    /// <summary>So long after a node went down, others own everything of it; as long as one of them was well all the while.</summary>
    public static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(15);

    // A node is in doubt when its lease was not renewed for 5 s; the others see that within a second, claim and arm.
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(8);

    // A process that was away has to find its connections broken, register again, become warm.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    // A breaker that has been open for as long as a test cuts anybody off waits at most so long before the next probe.
    private static readonly TimeSpan Probing = TimeSpan.FromSeconds(18);

    // Slots of longer intervals are handed over in between, whatever happens.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    private readonly Ownership _ownership;
    private readonly Func<string, string> _nameOf;
    private readonly List<(Fault Fault, Instant From, Instant To)> _downs;
    private readonly List<(string Node, Instant From, Instant To)> _well;
    private readonly IReadOnlyList<Fault> _faults;
    private readonly Instant _begin;

    public Explanation(Ownership ownership, IReadOnlyList<Fault> faults, Func<string, string> nameOf)
    {
        _ownership = ownership;
        _faults = faults;
        _nameOf = nameOf;
        _begin = faults.Where(fault => fault.Kind == FaultKind.Start).Min(fault => fault.To);
        _well = Well();
        _downs = [.. faults.Where(IsDown).Select(fault => (fault, LostSince(fault), TakenOverBy(fault)))];
    }

    /// <summary>The fault that had taken a node down when something of it was taken over; null when there is none.</summary>
    public (Fault Fault, Instant Bound)? DownBefore(string node, Instant at) =>
        _downs.Where(down => down.Fault.Node == node && down.Fault.From <= at).OrderBy(down => down.Fault.From).Select(down => ((Fault, Instant)?)(down.Fault, down.To)).LastOrDefault();

    /// <summary>Null when a missed slot is explained, otherwise what is known about it.</summary>
    public string? Unexplained(LedgerRow row, Instant slot)
    {
        var explained = row.Reason switch
        {
            "node_down" => slot <= Armed(_begin, slot) || IsDown(row.Address, slot) || IsStarting(row, slot) || IsReserved(row, slot),
            "late" or "busy" => IsWaiting(row, slot) || IsReserved(row, slot) || IsWithoutDevices(row, slot),
            "breaker_open" => IsWithoutDevices(row, slot),
            "database_down" => IsWithoutDatabase(row.Address, slot),
            _ => false,
        };
        if (explained)
        {
            return null;
        }

        var (from, to) = (slot - TakeOver, slot + TakeOver);
        var near = _faults.Where(fault => fault.Kind != FaultKind.Slow && fault.From <= to && fault.To >= from).Select(fault => fault.ToString());
        var hands = _ownership.Of(row.Address, from, to).Select(change => $"{change.At}: {Name(change.Was)} → {Name(change.Owner)}");
        return $"{row.Device} ({row.IntervalUs / 1_000} ms) {row.Reason} at {slot} (row {row.Slot} +{row.Slots}); hands: {string.Join(", ", hands)}; owner: "
            + $"{string.Join(", ", _ownership.OwnersOf(row.Address, slot, slot).Select(Name))}; near: {string.Join(", ", near)}";
    }

    /// <summary>
    /// True when nobody owned the endpoint and could not, for a moment: what is free is shared among all that answer, so that the part of one that has just gone
    /// down, or come back, waits until that is noticed; and when nobody is well, everything waits.
    /// </summary>
    public bool IsReserved(LedgerRow row, Instant slot) => _ownership.FreeSpells(row.Address).Any(free => slot >= free.From - CommitLag && slot <= Armed(free.To, slot))
        && (_downs.Exists(down => IsDoubtful(down.Fault, slot)) || !_well.Exists(spell => slot >= spell.From + Settling && slot <= spell.To));

    /// <summary>True when a process may have ended by itself: it cannot start without the database, and ends with 1 then. Whatever ran waits for it.</summary>
    public bool MayExit(Fault exit) => exit.Code == 1 && _faults.Any(fault => exit.From >= fault.From && exit.From <= fault.To + TakeOver
        && (fault.Kind == FaultKind.Database || (fault.Kind == FaultKind.Cut && fault.Node == exit.Node)));

    /// <summary>True when what happened around a slot may have made its poll be lost after it reached the device: then it may be polled once more.</summary>
    public bool MayBeLost(LedgerRow row, Instant slot) => IsDown(row.Address, slot, TimeSpan.FromMicroseconds(row.IntervalUs));

    /// <summary>True when a node that was stopped by SIGSTOP went on around a slot, having owned it before.</summary>
    public bool IsContinued(LedgerRow row, Instant slot) =>
        _faults.Any(fault => fault.Kind == FaultKind.Pause && slot + TimeSpan.FromMicroseconds(row.IntervalUs) >= fault.To - CommitLag && slot <= fault.To + Settling
            && Owned(fault.Node, row.Address, fault.From - CommitLag, fault.To + CommitLag));

    /// <summary>True when the owner could not reach its devices, or has yet to find out that it can.</summary>
    public bool IsWithoutDevices(LedgerRow row, Instant slot) =>
        Around(slot, Probing, fault => fault.Kind == FaultKind.Devices && Owned(fault.Node, row.Address, slot - CommitLag, slot + CommitLag));

    private static bool IsDown(Fault fault) => fault.Kind is FaultKind.Kill or FaultKind.Exit or FaultKind.Pause or FaultKind.Cut or FaultKind.Hang;

    private bool IsDown(string address, Instant slot, TimeSpan before = default) => _downs.Exists(down =>
        slot >= down.From - before && slot <= Armed(down.To, slot) && Owned(down.Fault.Node, address, slot - ArmLag - before, slot + CommitLag));

    /// <summary>By when what was to be had from a moment on is armed, at the latest; where the machine let nobody run until a slot, as much later.</summary>
    private Instant Armed(Instant from, Instant slot) => from + ArmLag + FaultLog.Stalled(_faults, from, slot);

    /// <summary>Nobody's when a node that started took it: given back by one that stopped.</summary>
    private bool IsStarting(LedgerRow row, Instant slot) => IsShort(row) && _faults.Any(fault =>
        fault.Kind == FaultKind.Start && slot >= fault.From - ArmLag && slot <= Armed(fault.To, slot))
        && _ownership.Of(row.Address, slot - ArmLag, slot + ArmLag).Any(change => change.Was is null || change.Owner is null);

    private bool IsWaiting(LedgerRow row, Instant slot) =>
        IsWithoutDatabase(row.Address, slot)
        || IsDown(row.Address, slot)
        || Around(slot, CommitLag, fault => fault.Kind == FaultKind.Slow)
        || (IsShort(row) && Around(slot, ArmLag, fault => fault.Kind is FaultKind.Start or FaultKind.Stop))
        || (IsShort(row) && _ownership.Of(row.Address, slot - ArmLag, slot + ArmLag).Any());

    private bool IsWithoutDatabase(string address, Instant slot) => Around(slot, Settling, fault =>
        fault.Kind == FaultKind.Database
        || (fault.Kind is FaultKind.Cut or FaultKind.Pause && Owned(fault.Node, address, slot - CommitLag, slot + CommitLag)));

    private static bool IsShort(LedgerRow row) => row.IntervalUs < Short.Ticks / 10;

    private bool Around(Instant slot, TimeSpan after, Func<Fault, bool> isMeant) =>
        _faults.Any(fault => slot >= fault.From - CommitLag && slot <= fault.To + after && isMeant(fault));

    private bool Owned(string node, string address, Instant from, Instant to) => _ownership.OwnersOf(address, from, to).Any(owner => _nameOf(owner) == node);

    private string Name(string? incarnation) => incarnation is null ? "nobody" : $"{_nameOf(incarnation)}:{incarnation[..6]}";

    /// <summary>When each node ran, with the database in reach, and took work.</summary>
    private List<(string Node, Instant From, Instant To)> Well()
    {
        var spells = new List<(string Node, Instant From, Instant To)>();
        foreach (var own in _faults.Where(fault => fault.Node.Length > 0).GroupBy(fault => fault.Node))
        {
            var ends = own.Where(fault => fault.Kind is FaultKind.Kill or FaultKind.Exit or FaultKind.Stop).Select(fault => fault.From).ToArray();
            foreach (var start in own.Where(fault => fault.Kind == FaultKind.Start))
            {
                var end = ends.Where(at => at >= start.From).DefaultIfEmpty(Fault.Never).Min();
                var from = start.To;
                foreach (var ill in _faults.Where(fault => (fault.Node == own.Key && fault.Kind is FaultKind.Pause or FaultKind.Cut or FaultKind.Hang or FaultKind.Drain)
                    || fault.Kind == FaultKind.Database).Where(fault => fault.From < end && fault.To > from).OrderBy(fault => fault.From))
                {
                    spells.Add((own.Key, from, ill.From));
                    from = ill.To + Settling;
                }

                spells.Add((own.Key, from, end));
            }
        }

        return [.. spells.Where(spell => spell.From < spell.To)];
    }

    /// <summary>What the node had not committed when it went down: as a rule next to nothing, but all that it kept while it could not reach the database just before.</summary>
    private Instant LostSince(Fault fault)
    {
        var from = fault.From - CommitLag;
        while (_faults.Where(other => other.From < from && other.To >= from - Settling && (other.Kind == FaultKind.Database
            || (other.Node == fault.Node && other.Kind is FaultKind.Cut or FaultKind.Pause))).MinBy(other => other.From) is { } earlier)
        {
            from = earlier.From - CommitLag;
        }

        return from;
    }

    private Instant TakenOverBy(Fault fault)
    {
        var by = Bound(fault);
        return by == Fault.Never ? by : by + FaultLog.Stalled(_faults, fault.From, by);
    }

    private Instant Bound(Fault fault) => _well
        .Where(spell => spell.Node != fault.Node || spell.From >= fault.To)
        .Select(spell => (At: Undoubted(fault, (spell.From > fault.From ? spell.From : fault.From) + TakeOver), spell.To))
        .Where(other => other.At <= other.To)
        .Select(other => other.At)
        .DefaultIfEmpty(Fault.Never)
        .Min();

    /// <summary>The first moment from <paramref name="at"/> on at which none of the others is in doubt, whose share would have to wait.</summary>
    private Instant Undoubted(Fault fault, Instant at)
    {
        while (_faults.FirstOrDefault(other => other != fault && IsDown(other) && IsDoubtful(other, at)) is { } doubtful)
        {
            at = (at <= doubtful.From + Doubt ? doubtful.From + Doubt : doubtful.To + Settling) + TimeSpan.FromMilliseconds(1);
        }

        return at;
    }

    private static bool IsDoubtful(Fault fault, Instant at) => IsWithin(at, fault.From - CommitLag, fault.From + Doubt) || IsWithin(at, fault.To, fault.To + Settling);

    private static bool IsWithin(Instant at, Instant from, Instant to) => at >= from && at <= to;
}
