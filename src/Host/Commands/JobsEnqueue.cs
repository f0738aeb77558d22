using System.CommandLine;
using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs enqueue</c>.</summary>
internal static class JobsEnqueue
{
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(3_653);
    private static readonly TimeSpan _longestPeriod = TimeSpan.FromDays(366);

    public static Command Create(Cli cli)
    {
        var kind = new Argument<string>("KIND") { Description = "The kind; a wrong one is answered with those there are" };
        var args = new Option<string>("--args") { Description = "Its arguments, a JSON object", HelpName = "JSON", DefaultValueFactory = _ => "{}" };
        var queue = new Option<string?>("--queue") { Description = "Another queue than the kind's", HelpName = "QUEUE" };
        var priority = new Option<int?>("--priority") { Description = "-100 to 100, higher first; one step is worth 30 s of waiting" };
        var delay = new Option<string?>("--delay") { Description = "Not before so long from now, such as 10m", HelpName = "SPAN" };
        var at = new Option<string?>("--at") { Description = "Not before this instant", HelpName = "TIME" };
        var attempts = new Option<int?>("--attempts") { Description = "All runs it may have, the first included; 1 to 1000" };
        var unique = new Option<string?>("--unique") { Description = "While a job of the kind has this key, a second one is not accepted", HelpName = "KEY" };
        var period = new Option<string?>("--unique-period") { Description = "With --unique: at most one job of the key in each period of this length, such as 1h, also after it has ended", HelpName = "SPAN" };
        var after = new Option<long?>("--after") { Description = "Not before this job has ended well", HelpName = "JOB" };
        var tags = new Option<string[]>("--tag") { Description = "A word to find it by; may be repeated", HelpName = "TAG" };
        var note = new Option<string?>("--note") { Description = "A remark for people", HelpName = "TEXT" };
        var meta = new Option<string[]>("--meta") { Description = "A name and a value of your own, NAME=VALUE; may be repeated", HelpName = "NAME=VALUE" };
        var correlation = new Option<string?>("--correlation") { Description = "By what rondo trace finds it, its attempts, events and jobs: 1 to 64 letters, digits, '-', '_', '.', ':'", HelpName = "ID" };
        return cli.Act(
            new Command("enqueue", "Enqueue a job") { kind, args, queue, priority, delay, at, attempts, unique, period, after, tags, note, meta, correlation },
            run => run.Labelled("jobs.enqueue", run.Get(kind)!).UseDatabaseAsync(database => EnqueueAsync(run, database, run.Get(kind)!, run.Get(args)!, new EnqueueOptions
            {
                Queue = run.Get(queue),
                Priority = run.Get(priority),
                Delay = run.Get(delay) is { } span ? TimeOptions.Span("--delay", span, TimeSpan.Zero, _farthest) : null,
                Due = TimeOptions.Read(run, at, database.Clock.Now),
                Attempts = run.Get(attempts),
                UniqueKey = run.Get(unique),
                UniquePeriod = run.Get(period) is { } length ? TimeOptions.Span("--unique-period", length, TimeSpan.FromSeconds(1), _longestPeriod) : null,
                After = run.Get(after),
                Tags = run.Get(tags),
                Note = run.Get(note),
                Metadata = Pairs(run.Get(meta) ?? []),
                Trace = run.Get(correlation) is { } id ? Trace(id) : null,
            })),
            "rondo jobs enqueue noop",
            "rondo jobs enqueue noop --args '{\"takes_ms\": 500, \"fails\": 2}' --delay 10m --tag trial",
            "rondo jobs enqueue noop --after 4711",
            "rondo jobs enqueue noop --unique report --unique-period 1h",
            "rondo jobs enqueue noop --correlation order-4711",
            "rondo jobs enqueue noop --at 2026-01-31T12:00:00Z --unique monthly --meta customer=17");
    }

    private static TraceContext Trace(string id) => TraceContext.IsCorrelation(id)
        ? TraceContext.From(id, null)
        : throw new CommandFault(ExitCode.Misuse, $"--correlation: this will not do; expected 1 to {TraceContext.LongestCorrelation} letters, digits, '-', '_', '.', ':'");

    private static async Task<int> EnqueueAsync(Run run, Database database, string kind, string args, EnqueueOptions options)
    {
        await using var queue = JobsCommand.Queue(run, database);
        Enqueued enqueued;
        try
        {
            enqueued = await database.WriteAsync("jobs.enqueue.request", tx => queue.Enqueue(tx, kind, args, options), run.Stop);
        }
        catch (JobRefused refused)
        {
            throw new CommandFault(ExitCode.Misuse, refused is { Reason: JobRefusal.BadArguments, Pointer: { Length: > 0 } pointer } ? $"{refused.Message} (at {pointer})" : refused.Message);
        }

        await run.HintAsync(database, JobServer.Topic);
        run.Say(enqueued.IsNew ? $"job {enqueued.Id} is enqueued" : $"job {enqueued.Id} has the unique key already; nothing new is enqueued");
        run.WriteJson(new { id = enqueued.Id, is_new = enqueued.IsNew });
        return ExitCode.Ok;
    }

    /// <summary>Names and values as options give them.</summary>
    public static Dictionary<string, string> Pairs(string[] texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || !pairs.TryAdd(text[..at], text[(at + 1)..]))
            {
                throw new CommandFault(ExitCode.Misuse, $"--meta: '{text}' will not do; expected NAME=VALUE, each name once");
            }
        }

        return pairs;
    }
}
