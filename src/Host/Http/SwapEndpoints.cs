using Microsoft.AspNetCore.Mvc;
using Rondo.Readings;
using Rondo.Readings.Swaps;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>A swap to be declared.</summary>
internal sealed record SwapRequest
{
    /// <summary>The counter, <c>device/point</c>.</summary>
    public required string Series { get; init; }

    /// <summary>From when on readings are the new meter's.</summary>
    public required Instant At { get; init; }

    /// <summary>What the old meter had at the end; null for its last reading.</summary>
    public double? OldEnd { get; init; }

    /// <summary>What the new meter began with; null for its first reading.</summary>
    public double? NewStart { get; init; }
}

/// <summary>Declared swaps.</summary>
/// <param name="Swaps">The oldest first.</param>
internal sealed record SwapList(IReadOnlyList<MeterSwap> Swaps);

/// <summary>Swaps of meters.</summary>
internal static class SwapEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/readings/swaps", ListAsync).WithTags("readings").Named("listSwaps", "Declared swaps of the meter of a series").For(Role.Viewer).Produces<SwapList>().Problems(404, 503);
        app.MapPost("/api/readings/swaps", DeclareAsync).WithTags("readings").Named("declareSwap", "Declares that the meter of a counter was exchanged; its buckets follow within seconds").For(Role.Operator)
            .Accepts<SwapRequest>("application/json").Produces<MeterSwap>().Problems(400, 404, 409, 413, 415, 422, 503);
        app.MapDelete("/api/readings/swaps", RemoveAsync).WithTags("readings").Named("removeSwap", "Takes back what was declared for an instant").For(Role.Operator).Produces<MeterSwap>().Problems(400, 404, 503);
    }

    private static async Task<IResult> ListAsync(Server server, CancellationToken stop, [FromQuery(Name = "series")] string? series)
    {
        var name = series ?? "";
        var (swaps, near) = await server.Database.ReadAsync("readings.swaps", tx => ReadingQuery.Find(tx, name) is null ? ((List<MeterSwap>?)null, ReadingQuery.Near(tx, name)) : (MeterSwaps.List(tx, name), []), stop).ConfigureAwait(false);
        return swaps is null ? Unknown(name, near) : Results.Ok(new SwapList(swaps));
    }

    private static async Task<IResult> DeclareAsync(Server server, HttpContext context, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<SwapRequest>(text);
        if (wanted is null)
        {
            return Problem.Refused("Nothing was declared.", [mistake!]);
        }

        var change = await server.By(context, "readings.swap", wanted.Series).Database
            .WriteAsync("readings.swap", tx => MeterSwaps.Declare(tx, wanted.Series, wanted.At, wanted.OldEnd, wanted.NewStart), stop).ConfigureAwait(false);
        return change switch
        {
            { IsUnknown: true } => Unknown(wanted.Series, await server.Database.ReadAsync("readings.swaps", tx => ReadingQuery.Near(tx, wanted.Series), stop).ConfigureAwait(false)),
            { Refusal: { } refusal } => Problem.Of(StatusCodes.Status409Conflict, $"Nothing was declared: {refusal}."),
            _ => Results.Ok(change.Swap),
        };
    }

    private static async Task<IResult> RemoveAsync(Server server, HttpContext context, CancellationToken stop, [FromQuery(Name = "series")] string? series, [FromQuery(Name = "at")] Instant? at)
    {
        if (series is null || at is not { } instant)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"{(series is null ? "series" : "at")} is missing; expected the series and the instant of a swap that was declared.");
        }

        var change = await server.By(context, "readings.swap", series).Database.WriteAsync("readings.swap", tx => MeterSwaps.Remove(tx, series, instant), stop).ConfigureAwait(false);
        return change.IsUnknown ? Problem.NotFound($"No swap of '{SpecPointer.Shown(series)}' was declared for {instant}.", []) : Results.Ok(change.Swap);
    }

    private static Problem Unknown(string name, List<string> near) => Problem.NotFound($"There is no series '{SpecPointer.Shown(name)}'; a series is named device/point.", near);
}
