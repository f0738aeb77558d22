using System.Runtime.InteropServices;
using Rondo.Polling.Fleet;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>
/// Compares plans with the ledger, over any window, changes of interval, pauses and removals included. One pass over the ledger in the order of
/// groups; holes and overlaps are named, not only counted.
/// </summary>
public static class Validator
{
    /// <summary>The outcome of a group's newest slots may be this much behind their interval before it is called missing: deadline, gathering and commit.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private const int MaxFlaws = 100;

    private static readonly Sql _plans = new("validate.plans", """
        select p.group_id, p.no, p.from_at, p.until_at, p.interval_us, p.phase_us, g.name as group_name, d.name as device_name
        from poll_plan p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
        where (p.until_at is null or p.until_at > @from) and p.from_at < @to
        order by p.group_id, p.no
        """);

    // A gap row may begin before the window; gaps are few, and the partial condition keeps this from reading what was asked above.
    private static readonly Sql _rows = new("validate.rows", """
        select group_id, slot, plan_no, slots, outcome, reason from poll where slot >= @from and slot < @to
        union all
        select group_id, slot, plan_no, slots, outcome, reason from poll where slot < @from and slots > 1
        order by 1, 2
        """);

    // How many readings each group has, and a sum over their instants: where both are those of its polls, no reading is compared one by one, which
    // costs several times as much (measured). Groups first, then the range of each in the order of the samples' key; "cross" keeps SQLite from turning that round.
    private static readonly Sql _sums = new("validate.sums", """
        select g.id as group_id, count(*) as readings,
          cast(sum({only:sqlite}s.at{end}{only:postgres}cast(date_part('epoch', s.at) * 1000000 as bigint){end} % 1000003) as bigint) as instants
        from poll_group g cross join sample s
        where s.source_id = g.source_id and s.at >= @from and s.at < @to
        group by g.id
        """);

    private static readonly Sql _strays = new("validate.strays", """
        select d.name as device_name, g.name as group_name, count(*) as readings, min(s.at) as first_at, max(s.at) as last_at
        from poll_group g cross join sample s join device d on d.id = g.device_id
        where g.id {in:@groups} and s.source_id = g.source_id and s.at >= @from and s.at < @to
          and not exists (
            select 1 from poll p where p.slot = s.at and p.group_id = g.id and p.outcome in ('ok', 'partial') and p.slot >= @from and p.slot < @to)
        group by g.id, g.name, d.name order by g.id
        """);

    private static readonly Sql _oldest = new(
        "validate.oldest", "select group_id, no, from_at, until_at, interval_us, phase_us from poll_plan order by from_at limit 1");

    private static readonly Sql _oldestHour = new("validate.oldest.hour", "select hour from poll_stat where group_id = @group order by hour limit 1");

    private static readonly Sql _newestRow = new("validate.newest.row", "select slot from poll order by slot desc limit 1");

    private static readonly Sql _oldestRow = new("validate.oldest.row", "select slot from poll order by slot limit 1");

    /// <summary>Validates [from, to); null means from the oldest plan, and up to now.</summary>
    /// <param name="tx">A read.</param>
    /// <param name="from">Start of the window.</param>
    /// <param name="to">End of the window.</param>
    /// <param name="final">True after a clean stop: no outcome is on its way any more, so every slot of the window is judged, without <see cref="Grace"/>.</param>
    /// <param name="attended">What counts as now when no node runs: <see cref="LedgerEnd"/>. Slots since then have no outcome yet; the node that starts next records them.</param>
    public static Validation Run(Transaction tx, Instant? from, Instant? to, bool final = false, Instant? attended = null)
    {
        var begin = from ?? Oldest(tx);
        var now = attended is { } until && until < tx.Now ? until : tx.Now;
        var end = to is { } asked && asked < now ? asked : now;

        // A window that would end before it begins (the first plan begins a second after it was made) is empty.
        end = end < begin ? begin : end;
        var state = new Pass(begin, end, now, final);
        foreach (var plan in tx.Query<NamedPlanRow>(_plans, new { from = begin, to = end }))
        {
            state.Expect(plan);
        }

        foreach (var row in tx.Stream<LedgerRow>(_rows, new { from = begin, to = end }))
        {
            state.See(row);
        }

        var suspects = tx.Query<SumRow>(_sums, new { from = begin, to = end }).Where(state.Differs).Select(sum => sum.GroupId).ToArray();
        if (suspects.Length > 0)
        {
            foreach (var stray in tx.Query<StrayRow>(_strays, new { groups = new IdList(suspects), from = begin, to = end }))
            {
                state.Stray(stray);
            }
        }

        return state.Finish();
    }

    /// <summary>Just after the newest slot that has an outcome; null of an empty ledger.</summary>
    public static Instant? LedgerEnd(Transaction tx) => tx.First<Instant?>(_newestRow) is { } newest ? new Instant(newest.Micros + 1) : null;

    /// <summary>The oldest plan, or where the ledger begins when retention has let go of what was before.</summary>
    internal static Instant Oldest(Transaction tx)
    {
        if (tx.First<PlanRow>(_oldest) is not { } plan)
        {
            return tx.Now;
        }

        if (tx.First<Instant?>(_oldestRow) is not { } row || row <= plan.FromAt)
        {
            return plan.FromAt;
        }

        // Retention takes the hours with the rows; where the plan's first hour is still counted, rows that are not there are missing.
        var isLetGo = tx.First<Instant?>(_oldestHour, new { group = plan.GroupId }) is { } hour && hour.Micros > plan.Plan.FirstFrom(plan.FromAt.Micros);
        return isLetGo || row - plan.FromAt > TimeSpan.FromDays(1) ? row : plan.FromAt;
    }

    private sealed class NamedPlanRow : PlanRow
    {
        public string GroupName { get; init; } = "";

        public string DeviceName { get; init; } = "";
    }

    private sealed class LedgerRow
    {
        public long GroupId { get; init; }

        public Instant Slot { get; init; }

        public int PlanNo { get; init; }

        public int Slots { get; init; }

        public string Outcome { get; init; } = "";

        public string? Reason { get; init; }
    }

    private sealed class SumRow
    {
        public long GroupId { get; init; }

        public long Readings { get; init; }

        public long Instants { get; init; }
    }

    private sealed class StrayRow
    {
        public string DeviceName { get; init; } = "";

        public string GroupName { get; init; } = "";

        public long Readings { get; init; }

        public Instant FirstAt { get; init; }

        public Instant LastAt { get; init; }
    }

    /// <summary>One group's window: its plans, and how far the walk over its rows has come.</summary>
    private sealed class Walk(string device, string group)
    {
        public string Device { get; } = device;

        public string Group { get; } = group;

        public List<Plan> Plans { get; } = [];

        /// <summary>Everything before is either recorded or reported.</summary>
        public long Next { get; set; }
    }

    private sealed class Pass(Instant begin, Instant end, Instant now, bool final)
    {
        private readonly Dictionary<long, Walk> _walks = [];
        private readonly Dictionary<long, (long Count, long Instants)> _read = [];
        private readonly Dictionary<string, long> _outcomes = [];
        private readonly Dictionary<string, long> _missed = [];
        private readonly List<Flaw> _holes = [];
        private readonly List<Flaw> _overlaps = [];
        private readonly List<Flaw> _strays = [];
        private long _expected;
        private long _recorded;
        private long _holeSlots;
        private long _overlapSlots;
        private long _offPlan;
        private long _strayReadings;

        public void Expect(NamedPlanRow row)
        {
            if (!_walks.TryGetValue(row.GroupId, out var walk))
            {
                _walks.Add(row.GroupId, walk = new Walk(row.DeviceName, row.GroupName) { Next = begin.Micros });
            }

            walk.Plans.Add(row.Plan);
        }

        public void See(LedgerRow row)
        {
            if (row.Outcome is "ok" or "partial" && row.Slot >= begin)
            {
                ref var read = ref CollectionsMarshal.GetValueRefOrAddDefault(_read, row.GroupId, out _);
                read = (read.Count + 1, read.Instants + (row.Slot.Micros % 1_000_003));
            }

            if (!_walks.TryGetValue(row.GroupId, out var walk))
            {
                _offPlan += row.Slot >= begin ? 1 : 0;
                return;
            }

            var plan = walk.Plans.Find(p => p.No == row.PlanNo);
            var slot = row.Slot.Micros;
            if (plan.No == 0 || !plan.Contains(slot))
            {
                _offPlan += row.Slot >= begin ? 1 : 0;
                return;
            }

            var last = slot + ((row.Slots - 1) * plan.Interval);
            _offPlan += row.Slot >= begin && !plan.Contains(last) ? 1 : 0;
            var first = Math.Max(slot, plan.FirstFrom(begin.Micros) ?? long.MaxValue);
            last = Math.Min(last, plan.LastUpTo(end.Micros - 1) ?? long.MinValue);
            if (first > last)
            {
                return;
            }

            if (first < walk.Next)
            {
                var twice = Math.Min(last, walk.Next - 1);
                Note(_overlaps, ref _overlapSlots, walk, first, twice, plan.Count(first, twice + 1));
                first = Math.Max(first, walk.Next);
            }

            if (first > last)
            {
                return;
            }

            foreach (var expected in walk.Plans)
            {
                Holes(walk, expected, walk.Next, first);
            }

            var count = plan.Count(first, last + 1);
            _recorded += count;
            Add(_outcomes, row.Outcome, count);
            if (row.Outcome == "missed")
            {
                Add(_missed, row.Reason ?? "", count);
            }

            walk.Next = last + 1;
        }

        /// <summary>True when the group's readings are not those of its polls: some are stray, or missing.</summary>
        public bool Differs(SumRow sum) => _read.GetValueOrDefault(sum.GroupId) != (sum.Readings, sum.Instants);

        public void Stray(StrayRow row)
        {
            _strayReadings += row.Readings;
            if (_strays.Count < MaxFlaws)
            {
                _strays.Add(new Flaw(row.DeviceName, row.GroupName, row.FirstAt, row.LastAt, row.Readings));
            }
        }

        public Validation Finish()
        {
            foreach (var walk in _walks.Values)
            {
                Judge(walk);
            }

            return new Validation
            {
                From = begin,
                To = end,
                Groups = _walks.Count,
                Expected = _expected,
                Recorded = _recorded,
                Holes = _holeSlots,
                Overlaps = _overlapSlots,
                Duplicates = _offPlan,
                StrayReadings = _strayReadings,
                Outcomes = _outcomes,
                Missed = _missed,
                HoleList = _holes,
                OverlapList = _overlaps,
                StrayList = _strays,
            };
        }

        /// <summary>
        /// Up to the last row everything can be judged, since a group's outcomes are written in the order of its slots. After it a slot has one interval
        /// and the grace; and while the last poll of a plan may still run, the outcomes of the plan after it wait behind that poll.
        /// </summary>
        private void Judge(Walk walk)
        {
            var open = end.Micros;
            foreach (var plan in walk.Plans)
            {
                var due = final ? end.Micros : Math.Min(open, now.Micros - plan.Interval - (Grace.Ticks / 10));
                var judged = Math.Max(due, Math.Min(walk.Next, end.Micros));
                _expected += plan.Count(begin.Micros, judged);
                Holes(walk, plan, walk.Next, judged);
                if (plan.Count(judged, now.Micros) > 0)
                {
                    open = Math.Min(open, judged);
                }
            }
        }

        private void Holes(Walk walk, Plan plan, long from, long until)
        {
            var count = plan.Count(from, until);
            if (count > 0)
            {
                var first = plan.FirstFrom(from)!.Value;
                Note(_holes, ref _holeSlots, walk, first, first + ((count - 1) * plan.Interval), count);
            }
        }

        private static void Note(List<Flaw> list, ref long total, Walk walk, long first, long last, long count)
        {
            if (count <= 0)
            {
                return;
            }

            total += count;
            if (list.Count < MaxFlaws)
            {
                list.Add(new Flaw(walk.Device, walk.Group, new Instant(first), new Instant(last), count));
            }
        }

        private static void Add(Dictionary<string, long> counts, string key, long count) =>
            counts[key] = counts.GetValueOrDefault(key) + count;
    }
}
