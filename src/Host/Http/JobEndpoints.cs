using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Some of the jobs, the newest first.</summary>
/// <param name="Jobs">The jobs.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record JobListPage(IReadOnlyList<JobView> Jobs, string? Next);

/// <summary>A job that was accepted.</summary>
/// <param name="Id">Its number.</param>
/// <param name="IsNew">False when a job of the same unique key was there: then it is that one.</param>
internal sealed record JobAccepted(long Id, bool IsNew);

/// <summary>A job to be enqueued.</summary>
internal sealed record JobRequest
{
    /// <summary>Its kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Its arguments; an empty object when they are left out.</summary>
    public JsonElement? Args { get; init; }

    /// <summary>Another queue than the kind's.</summary>
    public string? Queue { get; init; }

    /// <summary>-100 to 100, higher first.</summary>
    public int? Priority { get; init; }

    /// <summary>Not before so long from now. Not together with <c>due</c>.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Not before this instant.</summary>
    public Instant? Due { get; init; }

    /// <summary>All runs it may have, 1 to 1,000.</summary>
    public int? Attempts { get; init; }

    /// <summary>While a job of the kind has this key, a second one is not accepted.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>With a unique key: at most one job of the key in each period of this length, also after it has ended; 1 s to 366 days.</summary>
    public TimeSpan? UniquePeriod { get; init; }

    /// <summary>Not before this job has ended well.</summary>
    public long? After { get; init; }

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>A remark for people.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>Which jobs; all of it together.</summary>
/// <param name="State">Where they are; a word.</param>
/// <param name="Queue">Their queue.</param>
/// <param name="Kind">Their kind.</param>
/// <param name="Error">A piece of their last error.</param>
/// <param name="Tag">One of their tags.</param>
/// <param name="Batch">Their batch.</param>
internal sealed record JobChoice(
    [FromQuery(Name = "state")] string? State,
    [FromQuery(Name = "queue")] string? Queue,
    [FromQuery(Name = "kind")] string? Kind,
    [FromQuery(Name = "error")] string? Error,
    [FromQuery(Name = "tag")] string? Tag,
    [FromQuery(Name = "batch")] long? Batch)
{
    /// <summary>Reads it; false, and why, for a state that is none.</summary>
    public bool IsFilter([NotNullWhen(true)] out JobFilter? filter, [NotNullWhen(false)] out Problem? problem)
    {
        var isKnown = JobStates.TryParse(State, out var known);
        (filter, problem) = isKnown || State is null
            ? (new JobFilter { State = isKnown ? known : null, Queue = Queue, Kind = Kind, Error = Error, Tag = Tag, Batch = Batch }, (Problem?)null)
            : (null, Problem.Of(StatusCodes.Status400BadRequest, $"state is '{SpecPointer.Shown(State)}'; expected one of {string.Join(", ", JobStates.All.Select(s => s.Text()))}."));
        return filter is not null;
    }
}

/// <summary>Jobs.</summary>
internal static class JobEndpoints
{
    private const int MostJobs = 1_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var jobs = app.MapGroup("/api/jobs").WithTags("jobs");
        jobs.MapGet("", ListAsync).Named("listJobs", "Jobs, the newest first").For(Role.Viewer).Produces<JobListPage>().Problems(503);
        jobs.MapPost("", EnqueueAsync).Named("enqueueJob", "Enqueues a job; 200 instead of 201 when one of the same unique key was there").For(Role.Operator)
            .Accepts<JobRequest>("application/json").Produces<JobAccepted>(201).Produces<JobAccepted>().Problems(413, 415, 422, 503);
        jobs.MapGet("/{id:long}", ShowAsync).Named("getJob", "One job with its failures, how far it is, and its log").For(Role.Viewer).Produces<JobPage>().Problems(404, 503);
        jobs.MapGet("/{id:long}/explain", ExplainAsync).Named("explainJob", "Why a job waits, runs or has ended; the first reason first").For(Role.Viewer).Produces<JobExplanation>().Problems(404, 503);
        Change(JobVerb.Retry, "Runs a job again that has ended, with all its attempts, or a scheduled one at once");
        Change(JobVerb.Cancel, "Ends a job; a running one, whose state is running in the answer, when its node obeys");
        Change(JobVerb.Discard, "Gives up a job that waits or is dead");
        Change(JobVerb.Release, "Takes a running job from its node, whose writes about it are refused from then on, and has it run again");

        void Change(JobVerb verb, string what)
        {
            var word = verb.ToString().ToLowerInvariant();
            jobs.MapPost($"/{{id:long}}/{word}", (Server server, HttpContext context, long id, CancellationToken stop) => ActAsync(server, context, verb, word, id, stop))
                .Named(word + "Job", what).For(Role.Operator).Produces<JobView>().Problems(404, 409, 503);
            jobs.MapPost(
                    $"/{word}",
                    (
                        Server server,
                        HttpContext context,
                        CancellationToken stop,
                        [AsParameters] JobChoice choice,
                        [FromQuery(Name = "all")] bool? isAll,
                        [FromQuery(Name = "dry_run")] bool? isDryRun) =>
                    ActOnAllAsync(server, context, verb, word, choice, isAll ?? false, isDryRun ?? false, stop))
                .Named(word + "Jobs", $"Does what /api/jobs/{{id}}/{word} does to all jobs that the query finds, 200 in a transaction; all=true: to every job{WithoutState(verb)}").For(Role.Operator).Produces<JobBulk>().Problems(503);
        }
    }

    private static async Task<IResult> ListAsync(
        Server server,
        CancellationToken stop,
        [AsParameters] JobChoice choice,
        [FromQuery(Name = "before")] long? before,
        [FromQuery(Name = "limit")] int? limit)
    {
        var most = limit ?? 50;
        if (most is < 1 or > MostJobs)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {MostJobs}.");
        }

        if (!choice.IsFilter(out var filter, out var problem))
        {
            return problem;
        }

        var rows = await server.JobOperations.ListAsync(filter with { Before = before }, most + 1, stop).ConfigureAwait(false);
        string? next = null;
        if (rows.Count > most)
        {
            rows.RemoveAt(most);
            next = Links.With(
                "/api/jobs", ("state", choice.State), ("queue", choice.Queue), ("kind", choice.Kind), ("error", choice.Error), ("tag", choice.Tag), ("batch", choice.Batch?.ToString(CultureInfo.InvariantCulture)),
                ("before", $"{rows[^1].Id}"), ("limit", $"{most}"));
        }

        return Results.Ok(new JobListPage([.. rows.Select(JobView.Of)], next));
    }

    private static async Task<IResult> EnqueueAsync(Server server, HttpRequest request, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = Read<JobRequest>(text);
        if (wanted is null)
        {
            return Refused(mistake!);
        }

        try
        {
            // In one transaction with who it was. The arguments are the job's own business and stay out of the trail.
            var (arguments, options) = (wanted.Args is { } args ? args.GetRawText() : "{}", Options(wanted));
            var accepted = await server.By(request.HttpContext, "jobs.enqueue", wanted.Kind).Database
                .WriteAsync("jobs.enqueue.request", tx => server.Jobs.Enqueue(tx, wanted.Kind, arguments, options), stop).ConfigureAwait(false);
            var answer = new JobAccepted(accepted.Id, accepted.IsNew);
            return accepted.IsNew ? Results.Created($"/api/jobs/{accepted.Id}", answer) : Results.Ok(answer);
        }
        catch (JobRefused refused)
        {
            return Refused(new ProblemItem(
                refused.Reason switch
                {
                    JobRefusal.UnknownKind => "/kind",
                    JobRefusal.BadArguments => "/args" + refused.Pointer,
                    JobRefusal.TooLarge => "/args",
                    _ => refused.Pointer ?? "",
                },
                refused.Message));
        }
    }

    /// <summary>Reads a body; what does not fit is told with where.</summary>
    internal static (T? Value, ProblemItem? Mistake) Read<T>(string text)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, ApiJson.Strict) is { } value ? (value, null) : (null, new ProblemItem("", "is null; expected a JSON object"));
        }
        catch (JsonException fault)
        {
            return (null, new ProblemItem(SpecPointer.Of(fault.Path ?? "$"), fault.Message));
        }
    }

    private static Problem Refused(ProblemItem item) => Problem.Refused("The job was not accepted; nothing was stored.", [item]);

    private static EnqueueOptions Options(JobRequest wanted) => new()
    {
        Queue = wanted.Queue,
        Priority = wanted.Priority,
        Delay = wanted.Delay,
        Due = wanted.Due,
        Attempts = wanted.Attempts,
        UniqueKey = wanted.UniqueKey,
        UniquePeriod = wanted.UniquePeriod,
        After = wanted.After,
        Tags = wanted.Tags,
        Note = wanted.Note,
        Metadata = wanted.Metadata,
    };

    private static async Task<IResult> ShowAsync(Server server, long id, CancellationToken stop) =>
        await server.JobOperations.ShowAsync(id, stop).ConfigureAwait(false) is { } details ? Results.Ok(JobPage.Of(details)) : Unknown(id);

    private static async Task<IResult> ExplainAsync(Server server, long id, CancellationToken stop) =>
        await server.JobOperations.ExplainAsync(id, stop).ConfigureAwait(false) is { } explanation ? Results.Ok(explanation) : Unknown(id);

    private static async Task<IResult> ActAsync(Server server, HttpContext context, JobVerb verb, string word, long id, CancellationToken stop)
    {
        var change = await server.By(context, "jobs." + word).Jobs.ActAsync(verb, id, stop).ConfigureAwait(false);
        return change switch
        {
            { Job: null } => Unknown(id),
            { Refusal: { } refusal } => Problem.Of(StatusCodes.Status409Conflict, $"Job {id} was not changed by {word}: {refusal}. GET /api/jobs/{id}/explain tells more."),
            { Job: { } job } => Results.Ok(JobView.Of(job)),
        };
    }

    private static async Task<IResult> ActOnAllAsync(Server server, HttpContext context, JobVerb verb, string word, JobChoice choice, bool isAll, bool isDryRun, CancellationToken stop)
    {
        if (!choice.IsFilter(out var filter, out var problem))
        {
            return problem;
        }

        return isAll || filter != new JobFilter()
            ? Results.Ok(await server.By(context, "jobs." + word, filter.ToString()).Jobs.ActOnAllAsync(verb, filter, isDryRun, stop).ConfigureAwait(false))
            : Problem.Of(StatusCodes.Status400BadRequest, "Which jobs? Expected one of state, queue, kind, error, tag and batch, or all=true.");
    }

    private static string WithoutState(JobVerb verb) => verb switch
    {
        JobVerb.Cancel => ". Without a state: those that have not ended",
        JobVerb.Release => "",
        _ => ". Without a state: those that are dead",
    };

    private static Problem Unknown(long id) => Problem.NotFound($"There is no job {id}: it never was, or its time in the history is over.", []);
}
