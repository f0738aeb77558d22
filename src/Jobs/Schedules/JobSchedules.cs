using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>
/// The schedules that a program defines, added by hand at its start and given to its <see cref="JobServer"/>, which stores them. One whose definition has changed
/// goes on by the new one from then on; a pause is the operator's and stays. One that is no longer defined goes on, marked as such, until it is removed.
/// </summary>
public sealed class JobSchedules
{
    /// <summary>Where what operators add comes from.</summary>
    public const string Operator = "operator";

    private readonly Dictionary<string, Func<JobHandlers, ScheduleDefinition>> _all = new(StringComparer.Ordinal);

    /// <summary>A set of schedules.</summary>
    /// <param name="source">Its name. Programs that share a database need different ones: what a set no longer defines is found by it. 1 to 60 letters, digits, <c>. - _</c>.</param>
    /// <exception cref="ArgumentException">Not such a name.</exception>
    public JobSchedules(string source = "code") => Source = Names.IsFit(source) && source != Operator
        ? source
        : throw new ArgumentException($"'{source}' is not a name of a set of schedules: 1 to 60 letters, digits, '.', '-', '_', and not '{Operator}'", nameof(source));

    /// <summary>Name of the set.</summary>
    public string Source { get; }

    /// <summary>Adds one by cron.</summary>
    /// <param name="name">1 to 60 letters, digits, <c>. - _</c>.</param>
    /// <param name="cron">Five fields, or six with seconds (<see cref="CronExpression"/>).</param>
    /// <param name="zone">IANA name of the zone whose clocks count; null for UTC.</param>
    /// <param name="args">Arguments of its jobs; their type says the kind.</param>
    /// <param name="options">How it behaves.</param>
    /// <exception cref="ArgumentException">The name is taken, or the timing cannot be read.</exception>
    public JobSchedules Add<TArgs>(string name, string cron, string? zone, TArgs args, ScheduleOptions? options = null) =>
        Put(name, new ScheduleText(Cron: cron, Zone: zone), args, options);

    /// <summary>Adds one that is due every <paramref name="every"/>, counted from the moment at which it is first stored.</summary>
    /// <param name="name">1 to 60 letters, digits, <c>. - _</c>.</param>
    /// <param name="every">Whole seconds, from one to 366 days.</param>
    /// <param name="args">Arguments of its jobs; their type says the kind.</param>
    /// <param name="options">How it behaves.</param>
    /// <exception cref="ArgumentException">The name is taken, or there is no such interval.</exception>
    public JobSchedules AddEvery<TArgs>(string name, TimeSpan every, TArgs args, ScheduleOptions? options = null) =>
        Put(name, new IntervalTiming(every, Instant.Epoch).Text, args, options);

    /// <exception cref="ScheduleRefused">One is wrong.</exception>
    internal IReadOnlyList<ScheduleDefinition> Read(JobHandlers handlers, JobQueue queue, Instant now)
    {
        var all = _all.Values.Select(one => one(handlers)).ToList();
        all.ForEach(one => one.Check(queue, now));
        return all;
    }

    private JobSchedules Put<TArgs>(string name, ScheduleText when, TArgs args, ScheduleOptions? options)
    {
        if (!when.TryRead(Instant.Epoch, out _, out var error))
        {
            throw new ArgumentException($"schedule '{name}': {error}", nameof(when));
        }

        if (!_all.TryAdd(name, Define))
        {
            throw new ArgumentException($"schedule '{name}' is added already", nameof(name));
        }

        return this;

        ScheduleDefinition Define(JobHandlers handlers)
        {
            var kind = handlers.Of<TArgs>();
            return new ScheduleDefinition { Name = name, When = when, Kind = kind.Name, Args = kind.Draft(args).Args, Options = options ?? new() };
        }
    }
}
