using Rondo.Jobs.Keys;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Sees to what cannot be claimed yet: what becomes due, who knocks for a slot of a key, which queues have suspects. It looks once in a poll interval, and between that when something is due, when
/// there was more than one look could do, and when whoever was told of something new finds such a thing.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">Settings.</param>
/// <param name="idle">Queues of which a worker of this node has nothing to do.</param>
/// <param name="told">Told of queues with something new that this node alone does not see to at once.</param>
/// <param name="time">Time.</param>
internal sealed class Lookout(Database database, JobsOptions options, Func<IReadOnlyCollection<string>> idle, Action<IReadOnlyCollection<string>> told, TimeProvider time)
{
    // Most of what is told of can be claimed at once: to ask whether there is something else may not take more than a twentieth of the time.
    private const int ShareOfQuestions = 20;

    // Whoever holds a key holds it for one short transaction.
    private static readonly TimeSpan _heldAgain = TimeSpan.FromMilliseconds(200);
    private static readonly Sql _suspects = new("jobs.suspects", "select distinct queue from job_ready where crashes >= 2");

    private static readonly Sql _news = new("jobs.look.news", """
        select (select due from job_waiting where state = 'scheduled' order by due limit 1) as due,
          exists (select 1 from job_waiting where is_knocking and waits_for is null) as is_knocking,
          exists (select 1 from job_ready where crashes >= 2) as is_suspect
        """);

    private readonly Lock _gate = new();
    private Instant? _next;
    private Instant? _expected;
    private string _afterKey = "";
    private bool _isMore;
    private long _lookedAt = long.MinValue;
    private volatile bool _isAsked;
    private long _askedAt = long.MinValue;
    private TimeSpan _questionTook;

    /// <summary>True when a look is due.</summary>
    public bool IsDue => _isMore || _lookedAt == long.MinValue || time.GetElapsedTime(_lookedAt) >= options.PollInterval || UntilNext <= TimeSpan.Zero;

    /// <summary>Queues that had suspects at the last look.</summary>
    public IReadOnlyCollection<string> Suspects { get; private set; } = [];

    private TimeSpan? UntilNext
    {
        get
        {
            lock (_gate)
            {
                return (_next, _expected) switch
                {
                    (null, null) => null,
                    ({ } next, { } expected) => (next < expected ? next : expected) - database.Clock.Now,
                    var (next, expected) => (next ?? expected)!.Value - database.Clock.Now,
                };
            }
        }
    }

    /// <summary>There may be something new, of whatever kind.</summary>
    public void Ask() => _isAsked = true;

    /// <summary>Something waits for its time until <paramref name="due"/>; true when nothing earlier was known of.</summary>
    public bool Expect(Instant due)
    {
        lock (_gate)
        {
            if (due >= _next || due >= _expected)
            {
                return false;
            }

            _expected = due;
            return true;
        }
    }

    /// <summary>Looks: makes ready what is due, and answers who knocks.</summary>
    /// <param name="beat">Told before each step: on a slow database they take their time, and are alive.</param>
    public void Look(Action beat)
    {
        Instant? expected;
        lock (_gate)
        {
            // What is expected while this goes on may not be seen by it.
            (expected, _expected) = (_expected, null);
        }

        try
        {
            var after = _afterKey;
            var (due, answered, next, suspects) = database.Write("jobs.look", tx =>
            {
                beat();
                var due = DueStore.Promote(tx);
                beat();
                var answered = Gate.Answer(tx, after);
                beat();
                return (due, answered, DueStore.Next(tx), tx.Query<string>(_suspects));
            });
            beat();
            lock (_gate)
            {
                _next = next;
            }

            (_afterKey, _isMore, Suspects, _lookedAt) = (answered.After, due.IsMore || answered.IsMore, suspects, time.GetTimestamp());
            if (answered.IsHeld)
            {
                Expect(database.Clock.Now + _heldAgain);
            }

            string[] fresh = [.. due.Queues, .. answered.Queues];
            if (fresh.Length > 1 || (fresh.Length == 1 && !idle().Contains(fresh[0])))
            {
                told(fresh);
            }
        }
        catch (StorageFault)
        {
            if (expected is { } due)
            {
                Expect(due);
            }

            throw;
        }
    }

    /// <summary>Asks, when it is time for it, whether what this node was told of is something to look for.</summary>
    public void FindNews()
    {
        if (!_isAsked || UntilQuestion > TimeSpan.Zero)
        {
            return;
        }

        _isAsked = false;
        var began = time.GetTimestamp();
        try
        {
            var news = database.Dialect == Dialect.Postgres ? database.Tell("jobs.look.news", Read) : database.WriteUnflushed("jobs.look.news", Read);
            if (news.Due is { } due)
            {
                Expect(due);
            }

            if (news.IsKnocking || news.IsSuspect)
            {
                Expect(database.Clock.Now);
            }
        }
        catch (StorageFault)
        {
            _isAsked = true;
            throw;
        }

        _askedAt = time.GetTimestamp();
        _questionTook = time.GetElapsedTime(began);

        static News Read(Transaction tx) => tx.First<News>(_news)!;
    }

    /// <summary>How long nothing has to be looked for, at most <paramref name="pause"/>.</summary>
    public TimeSpan Pause(TimeSpan pause)
    {
        if (_isAsked)
        {
            pause = Spans.Shorter(pause, UntilQuestion);
        }

        return _isMore ? TimeSpan.Zero : UntilNext is { } next ? Spans.Shorter(pause, Spans.Longer(next, TimeSpan.FromMilliseconds(1))) : pause;
    }

    private TimeSpan UntilQuestion => _askedAt == long.MinValue ? TimeSpan.Zero : Spans.Shorter(_questionTook * ShareOfQuestions, _heldAgain) - time.GetElapsedTime(_askedAt);

    private sealed class News
    {
        public Instant? Due { get; init; }

        public bool IsKnocking { get; init; }

        public bool IsSuspect { get; init; }
    }
}
