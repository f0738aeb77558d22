using Rondo.Polling.Runtime;

namespace Rondo.Polling.Ledger;

/// <summary>Accounts that are to be closed. Any thread may ask for it; the recorder's takes them along.</summary>
internal sealed class Closings
{
    private readonly Lock _gate = new();
    private readonly List<(ArmedGroup Group, long Until)> _all = [];

    public bool IsAny
    {
        get
        {
            lock (_gate)
            {
                return _all.Count > 0;
            }
        }
    }

    public void Add(ArmedGroup group, long until)
    {
        lock (_gate)
        {
            if (!_all.Contains((group, until)))
            {
                _all.Add((group, until));
            }
        }
    }

    /// <summary>Adds an advance for each whose outcomes are written. Those of <paramref name="batch"/> come first: whoever asked will ask again.</summary>
    public void Collect(List<Advance> advances, List<PollOutcome> batch)
    {
        lock (_gate)
        {
            foreach (var (group, until) in _all)
            {
                if (!advances.Exists(a => a.Group == group) && !batch.Exists(o => o.Group == group))
                {
                    group.Account.Complete = Math.Max(group.Account.Complete, until);
                    advances.Add(new Advance(group));
                }
            }

            _all.Clear();
        }
    }
}
