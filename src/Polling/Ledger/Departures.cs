using Rondo.Polling.Runtime;

namespace Rondo.Polling.Ledger;

/// <summary>
/// An endpoint on its way to another node: nothing of it fires any more, and the recorder gives it back behind the last outcome of its groups, in one
/// transaction with their accounts, so that the next owner goes on exactly where this one ended.
/// </summary>
internal sealed class Departure(long endpointId, IReadOnlyList<ArmedGroup> groups)
{
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long EndpointId { get; } = endpointId;

    public IReadOnlyList<ArmedGroup> Groups { get; } = groups;

    /// <summary>True once it is given back and committed; false when the node was fenced.</summary>
    public Task<bool> Done => _done.Task;

    /// <summary>True once every slot that fired has its row.</summary>
    public bool IsSettled
    {
        get
        {
            foreach (var group in Groups)
            {
                if (!group.IsAtRest || group.Account.Complete <= Math.Max(group.Fired.UpTo, group.ArmedFrom))
                {
                    return false;
                }
            }

            return true;
        }
    }

    public void Finish(bool isGivenBack) => _done.TrySetResult(isGivenBack);
}

/// <summary>The recorder's departures: those that wait, and those in the transaction being written. Used under the recorder's pass, but for <see cref="Add"/>.</summary>
internal sealed class Departures
{
    private readonly Lock _gate = new();
    private readonly List<Departure> _waiting = [];
    private readonly List<Departure> _leaving = [];

    /// <summary>In the transaction that is written now, or again after it failed.</summary>
    public IReadOnlyList<Departure> Leaving => _leaving;

    public bool IsAny
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count + _leaving.Count > 0;
            }
        }
    }

    public bool IsAnySettled
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Exists(d => d.IsSettled);
            }
        }
    }

    public void Add(Departure departure)
    {
        lock (_gate)
        {
            _waiting.Add(departure);
        }
    }

    /// <summary>They stay after all.</summary>
    public void Keep(IReadOnlyList<Departure> departures)
    {
        lock (_gate)
        {
            _waiting.RemoveAll(departures.Contains);
            _leaving.RemoveAll(departures.Contains);
        }
    }

    /// <summary>Those that may leave with the next transaction, their accounts among <paramref name="advances"/>.</summary>
    public void Collect(List<Advance> advances)
    {
        lock (_gate)
        {
            _leaving.AddRange(_waiting.Where(d => d.IsSettled));
            _waiting.RemoveAll(_leaving.Contains);
        }

        var known = advances.Select(a => a.Group).ToHashSet();
        advances.AddRange(_leaving.SelectMany(d => d.Groups).Where(g => g.Account.IsBehind && known.Add(g)).Select(g => new Advance(g)));
    }

    /// <summary>The transaction is written without them; they try again with the next one.</summary>
    public void PutBack()
    {
        lock (_gate)
        {
            _waiting.AddRange(_leaving);
            _leaving.Clear();
        }
    }

    /// <summary>The transaction was committed, or its node is no longer one.</summary>
    public void Finish(bool areGivenBack)
    {
        lock (_gate)
        {
            _leaving.ForEach(d => d.Finish(areGivenBack));
            _leaving.Clear();
        }
    }
}
