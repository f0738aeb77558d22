using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>
/// The server's own validation: soon after its start and then every hour the last day, in between the last few minutes. What it found wrong stays a reason
/// until a validation that covers it is clean: a hole does not go away by growing old.
/// </summary>
internal sealed class ValidateLoop : Loop
{
    /// <summary>The first pass comes this long after the start, when the outcomes of the time before it have been written; sooner when passes are closer together.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _wide = TimeSpan.FromDays(1);
    private static readonly TimeSpan _wideEvery = TimeSpan.FromHours(1);

    // With several nodes a slot whose owner died has its outcome when another has taken over, 15 s later at most: a hole of this minute is looked at twice.
    private static readonly TimeSpan _fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _lookAgain = TimeSpan.FromSeconds(20);

    // What fits well into the five minutes that PostgreSQL gives a statement, and into this loop's time before it counts as stuck.
    private const double MostSlots = 20_000_000;
    private const double LeastSlots = 100_000;

    private readonly Database _database;
    private readonly PollingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private bool _hasWaited;
    private bool _isSecondLook;
    private double _most = MostSlots;
    private long? _wideAt;
    private Instant? _bad;

    /// <summary>Prepares the loop.</summary>
    public ValidateLoop(Database database, PollingOptions options, TimeProvider time, ILogger log)
        : base("polling.validate", time)
    {
        _database = database;
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>The latest validation and when it ended, or null before the first.</summary>
    public (Validation Result, Instant At)? Latest { get; private set; }

    /// <inheritdoc/>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!_hasWaited)
        {
            _hasWaited = true;
            return SelfCheck.FirstValidation(_options);
        }

        var isWide = _wideAt is not { } last || _time.GetElapsedTime(last) >= _wideEvery;
        Validation result;
        try
        {
            result = await _database.ReadLongAsync("polling.validate", tx => Validator.Run(tx, Begin(tx, isWide), null), stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (isWide && fault.Kind == StorageFaultKind.Busy)
        {
            // More than this database reads in its time: next time less, rather than never.
            _most = Math.Max(LeastSlots, _most / 4);
            throw;
        }

        _isSecondLook = !_isSecondLook && _database.Dialect == Dialect.Postgres && result.HoleList.Any(hole => _database.Clock.Now - hole.To < _fresh);
        if (_isSecondLook)
        {
            return _lookAgain < _options.ValidateEvery ? _lookAgain : _options.ValidateEvery;
        }

        Take(result);
        _wideAt = isWide ? _time.GetTimestamp() : _wideAt;
        return _options.ValidateEvery;
    }

    /// <summary>The earliest instant that must be looked at again as long as anything is wrong.</summary>
    private static Instant Earliest(Validation result)
    {
        // The lists are cut short, and rows off their plan have none: then it may be anywhere.
        Flaw[] flaws = [.. result.HoleList, .. result.OverlapList, .. result.StrayList];
        var isTold = result.Duplicates == 0 && flaws.Sum(f => f.Slots) == result.Holes + result.Overlaps + result.StrayReadings;
        return isTold && flaws.Length > 0 ? flaws.Min(f => f.From) : result.From;
    }

    private void Take(Validation result)
    {
        _bad = result.IsClean ? null : Earliest(result);
        Latest = (result, _database.Clock.Now);
        foreach (var hole in result.HoleList.Take(10))
        {
            PollingLog.Found(_log, "polling.hole", $"{hole.Device}/{hole.Group}", $"{hole.Slots} slots from {hole.From} to {hole.To} have no outcome");
        }
    }

    private Instant Begin(Transaction tx, bool isWide)
    {
        // Twice the interval back, so that no slot slips between two validations.
        var back = (_options.ValidateEvery * 2) + Validator.Grace;
        if (isWide)
        {
            var slotsPerSecond = StatusStore.Intervals(tx).Sum(i => i.Count * 1_000_000.0 / i.IntervalUs);
            var bound = slotsPerSecond * _wide.TotalSeconds > _most ? TimeSpan.FromSeconds(_most / slotsPerSecond) : _wide;
            back = bound > back ? bound : back;
        }

        var from = tx.Now - back;
        from = _bad is { } bad && bad < from ? bad : from;

        // What retention has let go of is not missing.
        var oldest = Validator.Oldest(tx);
        return from > oldest ? from : oldest;
    }
}
