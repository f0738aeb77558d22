using Microsoft.Extensions.Logging;
using Rondo.Drivers;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Ledger;

/// <summary>
/// Takes finished polls and writes them down in batches, each one fenced transaction: ledger rows, samples, changed statuses, and accounted_to
/// where it is due. While the database is away it keeps what fits into the spool, in order; what does not fit becomes missed: database_down.
/// What is published was committed before.
/// </summary>
internal sealed class Recorder(
    Database database, Node node, PollingOptions options, TimeProvider time, Action<IReadOnlyList<PollOutcome>> publish, ILogger log, Live.Log.EventLog? events = null, Database? written = null)
    : Loop("polling.record", time)
{
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(1);
    private readonly Spool _spool = new(options.Spool, options.BatchSize);
    private readonly Lock _pass = new();
    private LedgerWriter? _ownWriter;
    private readonly List<PollOutcome> _batch = [];
    private readonly HashSet<ArmedGroup> _behind = [];
    private readonly List<Advance> _advances = [];
    private readonly Closings _closing = new();
    private readonly Departures _departures = new();

    private LedgerWriter Writer => _ownWriter ??= LedgerWriter.For(database.Address.Kind, Beat);

    /// <summary>Totals since the start.</summary>
    public RecorderTotals Totals { get; } = new();

    /// <summary>False while the node may not work: what is polled then could not be written.</summary>
    public bool MayWork => node.MayWork;

    /// <summary>How often rows were refused because their endpoint was no longer ours, while the node lives: something armed here may belong to another node.</summary>
    public long Disowned { get; private set; }

    /// <summary>True while the spool is full: polling a device would only yield a value that cannot be kept.</summary>
    public bool IsOverflowing => _spool.IsOverflowing;

    /// <summary>Outcomes waiting for their commit.</summary>
    public int Waiting => _spool.Count + _batch.Count;

    // Brief writes end within 3 s at the server and a moment later here; on SQLite a command beside the server may hold the file for longer.
    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(database.Address.Kind == DatabaseKind.Sqlite ? 90 : 8);

    public override bool IsVital => true;

    protected override bool OwnThread => true;

    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2));

    public PollOutcome Rent() => _spool.Pool.Rent();

    public void Return(PollOutcome outcome) => _spool.Pool.Return(outcome);

    /// <summary>Takes an outcome. A group's outcomes come in the order of its slots (<see cref="ArmedGroup"/> sees to it) and are written in that order.</summary>
    public void Add(PollOutcome outcome)
    {
        if (_spool.Add(outcome))
        {
            Wake();
        }
    }

    /// <summary>Starts keeping a group's account from where the ledger ends.</summary>
    public void Track(ArmedGroup group)
    {
        group.Account.AdvancedAt = Time.GetTimestamp() - (long)(Account.AdvanceEvery.TotalSeconds * Time.TimestampFrequency * ((group.Id % 97) / 97.0));
    }

    /// <summary>
    /// Closes the account of a group whose last plan ends at <paramref name="until"/>: true once every slot before it is recorded and accounted_to is
    /// durable there. False while outcomes are still on their way; ask again.
    /// </summary>
    public bool Close(ArmedGroup group, long until)
    {
        var account = group.Account;
        if (account.Durable >= until)
        {
            return true;
        }

        if (!group.IsAtRest || group.Plans.Exists(p => p.Count(account.Complete, until) > 0))
        {
            return false;
        }

        _closing.Add(group, until);
        Wake();
        return false;
    }

    /// <summary>Gives an endpoint back once every slot that fired has its row. Nothing of it may fire any more.</summary>
    public Task<bool> HandBack(Departure departure)
    {
        _departures.Add(departure);
        Wake();
        return departure.Done;
    }

    /// <summary>True while the last write failed.</summary>
    public bool IsFailing { get; private set; }

    public bool IsAnythingLeaving => _departures.IsAny;

    /// <summary>Does not give back what has not left by now.</summary>
    public void Keep(IReadOnlyList<Departure> departures)
    {
        // Not while it is in the hands of a write, and all at once: the next write may be as slow.
        lock (_pass)
        {
            _departures.Keep(departures);
        }
    }

    /// <summary>Writes what waits and makes every account durable; called at a clean stop, after the last outcome.</summary>
    public async Task FlushAsync(CancellationToken stop)
    {
        while (Waiting > 0)
        {
            stop.ThrowIfCancellationRequested();
            await RunOnceAsync(stop).ConfigureAwait(false);
        }

        lock (_pass)
        {
            _advances.Clear();
            _advances.AddRange(_behind.Select(g => new Advance(g)));
            Write();
        }
    }

    /// <summary>Lets go of what waits when this node is dead, counted and said like a batch that came too late: somebody else may have heard of it first.</summary>
    public void RefuseRest()
    {
        lock (_pass)
        {
            var refused = 0;
            while (node.IsDead && (_batch.Count > 0 || _spool.Take(_batch, TimeSpan.Zero)))
            {
                refused += Refuse();
            }

            if (refused > 0)
            {
                RefusedOutcomes.Tell(written ?? database, node.Id, refused, $"node {node.Id} was declared dead before they could be written", log);
            }
        }
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        // Never two generations at once: should one be given up as stuck in a write, the next waits here, is stuck as well, and the process is
        // restarted. Two writers on one batch would be worse.
        lock (_pass)
        {
            return new(RunOnce());
        }
    }

    private TimeSpan RunOnce()
    {
        if (_batch.Count == 0 && !_spool.Take(_batch, options.Gather) && !_closing.IsAny && !_departures.IsAnySettled)
        {
            return _idle;
        }

        Beat();
        Write();
        return TimeSpan.Zero;
    }

    private void Write()
    {
        CollectAdvances();
        if (_batch.Count == 0 && _advances.Count == 0 && _departures.Leaving.Count == 0)
        {
            return;
        }

        try
        {
            database.Write("polling.record", tx =>
            {
                node.Fence(tx);
                FailPoint.Reach("polling.record.fenced");
                if (_batch.Count + _advances.Count > 0)
                {
                    MovedRows.FollowInMemory(_batch);
                    Writer.Write(tx, node.Id, _batch, _advances, events);
                }

                if (_departures.Leaving.Count > 0)
                {
                    OwnershipStore.Release(tx, node.Id, [.. _departures.Leaving.Select(d => d.EndpointId)]);
                }

                return true;
            });
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Fenced)
        {
            RefusedOutcomes.Tell(written ?? database, node.Id, Refuse(), fault.Message, log);
            return;
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Conflict)
        {
            _advances.Clear();
            _departures.PutBack();
            WriteOneByOne(fault);
            return;
        }
        catch (StorageFault)
        {
            IsFailing = true;

            // Whether the commit arrived is not known: the next try takes rows of our own for what they are.
            foreach (var outcome in _batch)
            {
                outcome.NoteTry();
            }

            throw;
        }

        Settle();
    }

    /// <summary>A row the database will never take must not hold up the others for ever.</summary>
    private void WriteOneByOne(StorageFault cause)
    {
        PollingLog.BatchSplit(log, _batch.Count, cause);
        var all = _batch.ToArray();
        for (var i = 0; i < all.Length; i++)
        {
            Beat();
            _batch.Clear();
            _batch.Add(all[i]);
            try
            {
                if (TryWriteAlone())
                {
                    Settle();
                    continue;
                }

                // Its values are what the database refuses; that there was a poll is still true.
                if (all[i].Outcome != Outcome.Missed)
                {
                    all[i].Outcome = Outcome.Failed;
                    all[i].Result.Reset(0);
                    all[i].Result.Fault = ReadFault.Protocol;
                }

                if (TryWriteAlone())
                {
                    Settle();
                    continue;
                }

                PollingLog.OutcomeRefused(log, all[i].Group.Id, all[i].Slot);
                Totals.Lost++;
                all[i].PassOnStatus();
                Forget();
            }
            catch
            {
                // The rest keeps its turn.
                _batch.Clear();
                _batch.AddRange(all.AsSpan(i).ToArray());
                _batch.ForEach(o => o.NoteTry());
                throw;
            }
        }
    }

    private bool TryWriteAlone()
    {
        try
        {
            database.Write("polling.record.one", tx =>
            {
                node.Fence(tx);
                MovedRows.FollowInMemory(_batch);
                Writer.Write(tx, node.Id, _batch, [], events);
                return true;
            });
            return true;
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Conflict)
        {
            return false;
        }
    }

    private void Settle()
    {
        IsFailing = false;
        _departures.Finish(areGivenBack: true);
        var timestamp = Time.GetTimestamp();
        var now = database.Clock.Now.Micros;
        var refused = 0;
        foreach (var advance in _advances)
        {
            if (advance.IsRefused)
            {
                refused++;
                _behind.Remove(advance.Group);
                continue;
            }

            advance.Group.Account.Advanced(advance.To, timestamp);
            if (!advance.Group.Account.IsBehind)
            {
                _behind.Remove(advance.Group);
            }
        }

        _advances.Clear();
        foreach (var outcome in _batch)
        {
            Totals.Count(outcome, now);
            if (outcome.Verdict == Verdict.Recorded)
            {
                outcome.Group.Account.Fold(outcome, ErrorText.Of(outcome));
                _behind.Add(outcome.Group);
            }
            else
            {
                Disowned += outcome.Verdict == Verdict.Fenced ? 1 : 0;
                outcome.PassOnStatus();
            }
        }

        if (refused > 0)
        {
            PollingLog.AdvanceRefused(log, refused);
        }

        Totals.Batches++;
        try
        {
            publish(_batch);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // What is committed is committed; a listener's bug must not make it be written again.
            PollingLog.PublishFailed(log, fault);
        }

        Forget();
    }

    private int Refuse()
    {
        var count = _batch.Count;
        _departures.Finish(areGivenBack: false);
        Totals.Fenced += count;
        _batch.ForEach(o => o.PassOnStatus());
        Forget();
        return count;
    }

    private void Forget()
    {
        foreach (var outcome in _batch)
        {
            Return(outcome);
        }

        _batch.Clear();
        _advances.Clear();
    }

    private void CollectAdvances()
    {
        if (_advances.Count + _departures.Leaving.Count > 0)
        {
            return;
        }

        foreach (var outcome in _batch)
        {
            var account = outcome.Group.Account;
            if (account.IsBehind && Time.GetElapsedTime(account.AdvancedAt) >= Account.AdvanceEvery)
            {
                // Covers what earlier batches committed; this batch's own rows follow with the next advance.
                account.AdvancedAt = Time.GetTimestamp();
                _advances.Add(new Advance(outcome.Group));
            }
        }

        _closing.Collect(_advances, _batch);
        _departures.Collect(_advances);
    }
}
