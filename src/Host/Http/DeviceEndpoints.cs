using Microsoft.AspNetCore.Mvc;
using Rondo.Polling.Fleet;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Some of the devices, by name.</summary>
/// <param name="Devices">The devices.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record DevicePage(IReadOnlyList<DeviceSummary> Devices, string? Next);

/// <summary>The configuration, device by device.</summary>
internal static class DeviceEndpoints
{
    private const string Json = "application/json";
    private const string Patch = "application/merge-patch+json";
    private const int MostDevices = 10_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var devices = app.MapGroup("/api/devices").WithTags("devices");
        devices.MapGet("", ListAsync).Named("listDevices", "Devices by name, each with its status").For(Role.Viewer)
            .Produces<DevicePage>().Problems(503);
        devices.MapPost("", CreateAsync).Named("createDevice", "Adds a device; its plan begins one second later").For(Role.Operator)
            .Accepts<DeviceDocument>(Json).Produces<DeviceWritten>(201).Produces<DeviceWritten>().Problems(409, 413, 415, 422, 503);
        devices.MapGet("/{name}", GetAsync).Named("getDevice", "One device as it is configured; PUT takes it back").For(Role.Viewer).OfDevice("name")
            .Produces<DeviceDocument>().Problems(404, 503);
        devices.MapPut("/{name}", ReplaceAsync).Named("putDevice", "Creates a device, or replaces it as a whole").For(Role.Operator)
            .Accepts<DeviceDocument>(Json).Produces<DeviceWritten>().Produces<DeviceWritten>(201).Problems(413, 415, 422, 503);
        devices.MapPatch("/{name}", PatchAsync).Named("patchDevice", "Changes what the body names (JSON Merge Patch); lists are replaced as a whole").For(Role.Operator)
            .Accepts<DeviceDocument>(Json, Patch).Produces<DeviceWritten>().Problems(404, 413, 415, 422, 503);
        devices.MapDelete("/{name}", RemoveAsync).Named("removeDevice", "Removes a device; its ledger and readings stay").For(Role.Operator)
            .Produces<DeviceWritten>().Problems(404, 409, 503);
    }

    private static async Task<IResult> ListAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "category")] string? category,
        [FromQuery(Name = "status")] string? status,
        [FromQuery(Name = "after")] string? after,
        [FromQuery(Name = "limit")] int? limit)
    {
        var most = limit ?? 1_000;
        if (most is < 1 or > MostDevices)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {MostDevices}.");
        }

        var rows = await server.Database.ReadAsync(
            "devices.page", tx => DeviceList.Page(tx, category ?? "", status ?? "", after ?? "", most + 1), stop).ConfigureAwait(false);
        string? next = null;
        if (rows.Count > most)
        {
            rows.RemoveAt(most);
            next = Links.With("/api/devices", ("category", category), ("status", status), ("after", rows[^1].Name), ("limit", $"{most}"));
        }

        return Results.Ok(new DevicePage(rows, next));
    }

    private static async Task<IResult> GetAsync(HttpContext context, DeviceWrites devices, CancellationToken stop, string name)
    {
        var (device, problem) = await devices.FindAsync(name, stop, context.MaySee).ConfigureAwait(false);
        return problem ?? Results.Ok(device);
    }

    private static async Task<IResult> CreateAsync(HttpRequest request, DeviceWrites devices, CancellationToken stop, [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        var (json, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        return problem ?? await devices.CreateAsync(request.HttpContext, json, dryRun ?? false, stop).ConfigureAwait(false);
    }

    private static async Task<IResult> ReplaceAsync(
        HttpRequest request, DeviceWrites devices, CancellationToken stop, string name, [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        var (json, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        return problem ?? await devices.ReplaceAsync(request.HttpContext, name, json, dryRun ?? false, stop).ConfigureAwait(false);
    }

    private static async Task<IResult> PatchAsync(
        HttpRequest request, DeviceWrites devices, CancellationToken stop, string name, [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        var (json, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        return problem ?? await devices.PatchAsync(request.HttpContext, name, json, dryRun ?? false, stop).ConfigureAwait(false);
    }

    private static Task<IResult> RemoveAsync(DeviceWrites devices, HttpContext context, CancellationToken stop, string name, [FromQuery(Name = "dry_run")] bool? dryRun) =>
        devices.RemoveAsync(context, name, dryRun ?? false, stop);
}
