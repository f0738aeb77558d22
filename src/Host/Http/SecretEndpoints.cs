using Rondo.Polling.Fleet;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>A value to be stored.</summary>
internal sealed record SecretRequest
{
    /// <summary>The value, at most 16 KiB of UTF-8. It is never given back.</summary>
    public required string Value { get; init; }
}

/// <summary>A secret of a device, without its value.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="ChangedAt">When it was set last.</param>
/// <param name="ChangedBy">By whom.</param>
internal sealed record DeviceSecretView(string Name, Instant ChangedAt, string ChangedBy);

/// <summary>The secrets of a device.</summary>
/// <param name="Secrets">By name.</param>
internal sealed record DeviceSecretList(IReadOnlyList<DeviceSecretView> Secrets);

/// <summary>Secrets of devices: names and times are read, values only written.</summary>
internal static class SecretEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var secrets = app.MapGroup("/api/devices/{name}/secrets").WithTags("devices");
        secrets.MapGet("", ListAsync).Named("listDeviceSecrets", "Which secrets a device has; never their values").For(Role.Operator).Produces<DeviceSecretList>().Problems(404, 503);
        secrets.MapGet("/{key}", GetAsync).Named("getDeviceSecret", "When a secret of a device was set; never its value").For(Role.Operator).Produces<DeviceSecretView>().Problems(404, 503);
        secrets.MapPut("/{key}", PutAsync).Named("putDeviceSecret", "Stores a secret of a device, in the place of one that is there").For(Role.Admin)
            .Accepts<SecretRequest>("application/json").Produces<DeviceSecretView>().Produces<DeviceSecretView>(201).Problems(404, 409, 413, 415, 422, 503);
        secrets.MapDelete("/{key}", RemoveAsync).Named("removeDeviceSecret", "Removes a secret of a device").For(Role.Admin).Produces<DeviceSecretView>().Problems(404, 503);
    }

    private static async Task<IResult> ListAsync(Server server, DeviceWrites devices, string name, CancellationToken stop) =>
        await DeviceSecrets.ListAsync(server.Database, name, stop).ConfigureAwait(false) is { } all
            ? Results.Ok(new DeviceSecretList([.. all.Select(View)]))
            : await NoDeviceAsync(devices, name, stop).ConfigureAwait(false);

    private static async Task<IResult> GetAsync(Server server, DeviceWrites devices, string name, string key, CancellationToken stop) =>
        await DeviceSecrets.ListAsync(server.Database, name, stop).ConfigureAwait(false) is not { } all ? await NoDeviceAsync(devices, name, stop).ConfigureAwait(false)
        : all.Find(s => s.Name == key) is { } found ? Results.Ok(View(found))
        : NoSecret(name, key);

    private static async Task<IResult> PutAsync(Server server, DeviceWrites devices, HttpRequest request, string name, string key, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<SecretRequest>(text);
        mistake ??= SecretBox.MistakeOfName(key) is { } misnamed ? new ProblemItem("", $"the secret in the path: {misnamed}")
            : SecretBox.MistakeOfValue(wanted!.Value) is { } value ? new ProblemItem("/value", value) : null;
        if (mistake is not null)
        {
            return Problem.Refused("The secret was not stored.", [mistake]);
        }

        var change = await DeviceSecrets.SetAsync(server.By(request.HttpContext).Database, server.Secrets, name, key, wanted!.Value, request.HttpContext.ActorOf().ToString(), stop).ConfigureAwait(false);
        return change switch
        {
            { Outcome: SecretOutcome.NoDevice } => await NoDeviceAsync(devices, name, stop).ConfigureAwait(false),
            { Outcome: SecretOutcome.TooMany } => Problem.Of(StatusCodes.Status409Conflict, $"The device '{SpecPointer.Shown(name)}' has as many secrets as a device may have (20). Remove one first."),
            { Before: null } => Results.Created($"/api/devices/{name}/secrets/{key}", View(change.After!)),
            _ => Results.Ok(View(change.After!)),
        };
    }

    private static async Task<IResult> RemoveAsync(Server server, DeviceWrites devices, HttpContext context, string name, string key, CancellationToken stop)
    {
        var change = await DeviceSecrets.RemoveAsync(server.By(context).Database, name, key, stop).ConfigureAwait(false);
        return change.Outcome switch
        {
            SecretOutcome.Done => Results.Ok(View(change.Before!)),
            SecretOutcome.NoDevice => await NoDeviceAsync(devices, name, stop).ConfigureAwait(false),
            _ => NoSecret(name, key),
        };
    }

    private static DeviceSecretView View(SecretView secret) => new(secret.Name, secret.ChangedAt, secret.ChangedBy);

    private static async Task<IResult> NoDeviceAsync(DeviceWrites devices, string name, CancellationToken stop) =>
        (await devices.FindAsync(name, stop).ConfigureAwait(false)).Problem ?? DeviceWrites.NotFound(name, []);

    private static Problem NoSecret(string name, string key) => Problem.Of(StatusCodes.Status404NotFound, $"The device '{SpecPointer.Shown(name)}' has no secret '{SpecPointer.Shown(key)}'.");
}
