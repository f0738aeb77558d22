using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Rondo.Diagnostics;
using Rondo.Host.Imports;
using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Polling.Configuration;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Some of the imports, the newest first.</summary>
/// <param name="Imports">The imports.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record ImportListPage(IReadOnlyList<ImportView> Imports, string? Next);

/// <summary>Some of the values that an import replaced, by series and time.</summary>
/// <param name="Corrections">The values.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record CorrectionPage(IReadOnlyList<CorrectionView> Corrections, string? Next);

/// <summary>Imports of meter files.</summary>
internal static class ImportEndpoints
{
    private const int MostImports = 1_000;
    private const int MostDays = 3_650;
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(365);

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var imports = app.MapGroup("/api/imports").WithTags("imports");
        imports.MapGet("", ListAsync).Named("listImports", "Imports, the newest first").For(Role.Viewer).Produces<ImportListPage>().Problems(400, 503);
        imports.MapPost("", AddAsync).Named("addImport", "Takes a file in, as the body, and queues its import; 200 instead of 201 when the same file was imported already. With dry_run it is only read, and what would be stored is told (200)").For(Role.Ingest)
            .Produces<ImportAdded>(201).Produces<ImportAdded>().Problems(400, 413, 422, 503);
        imports.MapGet("/health", HealthAsync).Named("importsHealth", "How imports are, with every reason; 503 only when critical").For(Role.Viewer).Produces<ImportReport>().Produces<ImportReport>(503).Problems(400);
        imports.MapPost("/prune", PruneAsync)
            .Named("pruneImports", "Lets go of imports that ended more than so many days ago, with their files, and of files no import names; values stay, and can not be taken back any more").For(Role.Operator)
            .Produces<PruneReport>().Problems(400, 409, 503);
        imports.MapGet("/{id:long}", ShowAsync).Named("getImport", "One import with its errors and its first rejected rows").For(Role.Viewer).Produces<ImportPage>().Problems(404, 503);
        imports.MapGet("/{id:long}/errors", RejectsAsync).Named("getImportErrors", "The rejected rows as a file that can be corrected and handed in again").For(Role.Viewer)
            .Produces<string>(contentType: "text/csv").Problems(404, 503);
        imports.MapGet("/{id:long}/corrections", CorrectionsAsync).Named("getImportCorrections", "The values that an import replaced, old and new; with format=csv all of them as a file").For(Role.Viewer)
            .Produces<CorrectionPage>().Problems(400, 404, 503);
        imports.MapPost("/{id:long}/retry", RetryAsync).Named("retryImport", "Runs an import again that is failed, dead or cancelled; it goes on behind what is stored").For(Role.Operator)
            .Produces<ImportView>().Problems(400, 404, 409, 503);
        imports.MapPost("/{id:long}/cancel", (Server server, HttpContext context, long id, CancellationToken stop) => ActAsync(server, context, id, "cancel", (o, s) => o.CancelAsync(id, s), stop))
            .Named("cancelImport", "Ends an import that waits or runs; what is stored of it stays until it is taken back").For(Role.Operator).Produces<ImportView>().Problems(404, 409, 503);
        imports.MapPost("/{id:long}/undo", (Server server, HttpContext context, long id, CancellationToken stop) => ActAsync(server, context, id, "undo", (o, s) => o.UndoAsync(id, s), stop))
            .Named("undoImport", "Has an import taken back that has ended").For(Role.Operator).Produces<ImportView>().Problems(404, 409, 503);
    }

    private static async Task<IResult> ListAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "state")] string? state,
        [FromQuery(Name = "before")] long? before,
        [FromQuery(Name = "limit")] int? limit)
    {
        var most = limit ?? 50;
        if (most is < 1 or > MostImports)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {MostImports}.");
        }

        if (state is not (null or "queued" or "running" or "done" or "failed" or "dead" or "cancelled"))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"state is '{SpecPointer.Shown(state)}'; expected one of queued, running, done, failed, dead, cancelled.");
        }

        var rows = await server.Imports(server.Database).ListAsync(state, before, most + 1, stop).ConfigureAwait(false);
        string? next = null;
        if (rows.Count > most)
        {
            rows.RemoveAt(most);
            next = Links.With("/api/imports", ("state", state), ("before", $"{rows[^1].Id}"), ("limit", $"{most}"));
        }

        return Results.Ok(new ImportListPage([.. rows.Select(ImportView.Of)], next));
    }

    private static async Task<IResult> AddAsync(
        Server server,
        HttpRequest request,
        CancellationToken stop,
        [FromQuery(Name = "profile")] string? profile,
        [FromQuery(Name = "file")] string? file,
        [FromQuery(Name = "meter")] string? meter,
        [FromQuery(Name = "priority")] string? priority,
        [FromQuery(Name = "tags")] string? tags,
        [FromQuery(Name = "note")] string? note,
        [FromQuery(Name = "meta")] string[]? meta,
        [FromQuery(Name = "max_retries")] int? retries,
        [FromQuery(Name = "max_rejects")] long? rejects,
        [FromQuery(Name = "unknown")] string? unknown,
        [FromQuery(Name = "webhook")] string? webhook,
        [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        if (profile is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "Which profile? Expected ?profile=NAME, such as long-csv; see rondo imports profile list.");
        }

        var metadata = (meta ?? []).Select(m => m.Split('=', 2)).ToList();
        if (metadata.Exists(m => m.Length < 2 || m[0].Length == 0) || metadata.DistinctBy(m => m[0], StringComparer.Ordinal).Count() < metadata.Count)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "meta will not do; expected meta=NAME=VALUE, each name once.");
        }

        if (unknown is not null && ImportRequest.UnknownOf(unknown) is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"unknown is '{SpecPointer.Shown(unknown)}'; expected create, refuse or skip.");
        }

        // Whoever may only hand in must not be able to have this server call somebody: nor can they enqueue such a call.
        if (webhook is not null && !request.HttpContext.CallerOf()!.Caller.Role.Includes(Role.Operator))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "webhook has this server call an address, which takes the role operator; hand the file in without it.");
        }

        // The bound of its own is that of files, and it is held while they come in.
        request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = server.ImportOptions.MaxBytes;
        try
        {
            var wanted = new ImportRequest
            {
                File = file ?? "upload", Profile = new ProfileCatalogue(server.ImportOptions.Profiles).Find(profile), Meter = meter, Priority = priority ?? "normal",
                Tags = tags?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [], Note = note, Metadata = metadata.ToDictionary(m => m[0], m => m[1]), MaxRetries = retries ?? 3, MaxRejects = rejects,
                Unknown = ImportRequest.UnknownOf(unknown), Webhook = webhook,
            };
            if (dryRun == true)
            {
                return Results.Ok(await server.Imports(server.Database).TryAsync(wanted, request.Body, stop).ConfigureAwait(false));
            }

            var added = await server.Imports(server.By(request.HttpContext, "imports.add", wanted.File).Database).AddAsync(wanted, request.Body, stop).ConfigureAwait(false);
            return added.IsNew ? Results.Created($"/api/imports/{added.Id}", added) : Results.Ok(added);
        }
        catch (ImportRefused refused)
        {
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, $"The file was not taken: {refused.Message}.");
        }
    }

    private static async Task<IResult> HealthAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "window")] string? window,
        [FromQuery(Name = "min_imports")] int? least,
        [FromQuery(Name = "critical_failures")] double? critical,
        [FromQuery(Name = "degraded_failures")] double? degraded,
        [FromQuery(Name = "stuck_after")] string? stuck,
        [FromQuery(Name = "backlog")] long? backlog)
    {
        var limits = new ImportLimits();
        foreach (var (name, text) in new[] { ("window", window), ("stuck_after", stuck) })
        {
            if (text is not null && !Durations.TryParse(text, out _))
            {
                return Problem.Of(StatusCodes.Status400BadRequest, $"{name} is '{SpecPointer.Shown(text)}'; expected a duration such as 60m or 24h.");
            }
        }

        limits = limits with
        {
            Window = window is not null && Durations.TryParse(window, out var span) ? span : limits.Window, MinImports = least ?? limits.MinImports, Backlog = backlog ?? limits.Backlog,
            CriticalFailures = critical ?? limits.CriticalFailures, DegradedFailures = degraded ?? limits.DegradedFailures,
            StuckAfter = stuck is not null && Durations.TryParse(stuck, out var patience) ? patience : limits.StuckAfter,
        };
        if (limits.Problem is { } problem)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"The limits will not do: {problem}.");
        }

        var report = await server.Imports(server.Database).MonitorAsync(limits, stop).ConfigureAwait(false);
        return Results.Json(report, statusCode: report.Status == Health.Critical ? 503 : 200);
    }

    private static async Task<IResult> PruneAsync(Server server, HttpContext context, CancellationToken stop, [FromQuery(Name = "days")] int days, [FromQuery(Name = "dry_run")] bool? isDryRun)
    {
        if (days is < 0 or > MostDays)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"days is {days}; expected 0 to {MostDays}.");
        }

        try
        {
            return Results.Ok(await server.Imports(server.By(context, "imports.prune", $"days={days}").Database).PruneAsync(TimeSpan.FromDays(days), isDryRun ?? false, stop).ConfigureAwait(false));
        }
        catch (ImportRefused refused)
        {
            return Problem.Of(StatusCodes.Status409Conflict, $"{char.ToUpperInvariant(refused.Message[0])}{refused.Message[1..]}.");
        }
    }

    private static async Task<IResult> ShowAsync(Server server, long id, CancellationToken stop) =>
        await server.Imports(server.Database).ShowAsync(id, stop).ConfigureAwait(false) is { } details ? Results.Ok(ImportPage.Of(details)) : Unknown(id);

    private static async Task<IResult> RejectsAsync(Server server, HttpContext context, long id, CancellationToken stop)
    {
        var imports = server.Imports(server.Database);
        if (await imports.ShowAsync(id, stop).ConfigureAwait(false) is not { Row: var row })
        {
            return Unknown(id);
        }

        return await FileAsync(context, $"import-{id}-rejected.csv", RejectPages.ReadAsync(imports, row, stop), stop).ConfigureAwait(false);
    }

    private static async Task<IResult> CorrectionsAsync(
        Server server,
        HttpContext context,
        long id,
        CancellationToken stop,
        [FromQuery(Name = "after")] string? after,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "format")] string? format)
    {
        CorrectionPlace from = default;
        var most = limit ?? 100;
        if (most is < 1 or > ImportOperations.PageSize)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {ImportOperations.PageSize}.");
        }

        if (after is not null && !CorrectionPlace.TryParse(after, out from))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"after is '{SpecPointer.Shown(after)}'; expected what next of the page before has.");
        }

        if (format is not (null or "json" or "csv"))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"format is '{SpecPointer.Shown(format)}'; expected json or csv.");
        }

        var imports = server.Imports(server.Database);
        if (await imports.FindAsync(id, stop).ConfigureAwait(false) is null)
        {
            return Unknown(id);
        }

        if (format == "csv")
        {
            return await FileAsync(context, $"import-{id}-corrections.csv", CorrectionView.FileAsync(imports, id, stop), stop).ConfigureAwait(false);
        }

        var page = await imports.CorrectionsAsync(id, from, most, stop).ConfigureAwait(false);
        var next = page.Count < most ? null : Links.With($"/api/imports/{id}/corrections", ("after", $"{CorrectionPlace.Of(page[^1])}"), ("limit", $"{most}"));
        return Results.Ok(new CorrectionPage(page.ConvertAll(CorrectionView.Of), next));
    }

    private static async Task<IResult> FileAsync(HttpContext context, string name, IAsyncEnumerable<string> parts, CancellationToken stop)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        await foreach (var part in parts.ConfigureAwait(false))
        {
            await context.Response.WriteAsync(part, Encoding.UTF8, stop).ConfigureAwait(false);
        }

        return Results.Empty;
    }

    private static async Task<IResult> RetryAsync(Server server, HttpContext context, long id, CancellationToken stop, [FromQuery(Name = "in")] string? after)
    {
        TimeSpan? delay = null;
        if (after is not null)
        {
            if (!Durations.TryParse(after, out var span) || span < TimeSpan.Zero || span > _farthest)
            {
                return Problem.Of(StatusCodes.Status400BadRequest, $"in is '{SpecPointer.Shown(after)}'; expected a duration such as 10m, at most 365d.");
            }

            delay = span;
        }

        return await ActAsync(server, context, id, "retry", (o, s) => o.RetryAsync(id, delay, s), stop).ConfigureAwait(false);
    }

    private static async Task<IResult> ActAsync(Server server, HttpContext context, long id, string word, Func<ImportOperations, CancellationToken, Task<ImportChange>> act, CancellationToken stop)
    {
        var change = await act(server.Imports(server.By(context, "imports." + word, $"{id}").Database), stop).ConfigureAwait(false);
        return change switch
        {
            { Row: null } => Unknown(id),
            { Refusal: { } refusal } => Problem.Of(StatusCodes.Status409Conflict, $"Import {id} was not changed by {word}: {refusal}."),
            { Row: { } row } => Results.Ok(ImportView.Of(row)),
        };
    }

    private static Problem Unknown(long id) => Problem.NotFound($"There is no import {id}.", []);
}
