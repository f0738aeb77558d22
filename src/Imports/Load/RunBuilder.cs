namespace Rondo.Imports.Load;

/// <summary>Puts values of the same distance together, by series: a month of half hours is one run. Values of a series come in the order of time.</summary>
/// <param name="step">The usual distance, microseconds.</param>
internal sealed class RunBuilder(long step)
{
    private readonly Dictionary<long, ValueRun> _open = [];
    private readonly List<ValueRun> _done = [];

    public void Add(long series, long us)
    {
        if (!_open.TryGetValue(series, out var run))
        {
            _open.Add(series, new ValueRun(series, us, us, step));
        }
        else if (run.FromUs == run.UntilUs && us > run.UntilUs)
        {
            _open[series] = run with { UntilUs = us, StepUs = us - run.FromUs };
        }
        else if (us - run.UntilUs == run.StepUs)
        {
            _open[series] = run with { UntilUs = us };
        }
        else
        {
            _done.Add(run);
            _open[series] = new ValueRun(series, us, us, step);
        }
    }

    public List<ValueRun> All()
    {
        _done.AddRange(_open.Values);
        _open.Clear();
        return _done;
    }
}
