using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;

namespace Rondo.Host.Http;

/// <summary>What a change of a device did, or would do in a dry run.</summary>
internal sealed record DeviceWritten
{
    /// <summary><c>created</c>, <c>changed</c>, <c>unchanged</c> or <c>removed</c>.</summary>
    public required string Result { get; init; }

    /// <summary>True when nothing was written.</summary>
    public required bool DryRun { get; init; }

    /// <summary>The device as it is now (as it was, when it was removed).</summary>
    public required DeviceSpec Device { get; init; }

    /// <summary>Every field that differs.</summary>
    public IReadOnlyList<FieldChange> Changes { get; init; } = [];

    /// <summary>What is allowed, but most likely not meant.</summary>
    public IReadOnlyList<ProblemItem> Warnings { get; init; } = [];
}

/// <summary>Changes of single devices, checked against the whole fleet in the transaction that makes them. Every poller of this database hears of them at once.</summary>
internal sealed class DeviceWrites(Server server)
{
    /// <summary>Creates a device; 409 when there is one of its name.</summary>
    public async Task<IResult> CreateAsync(HttpContext context, string json, bool dryRun, CancellationToken stop)
    {
        if (Read(json, null, out var device) is { } problem)
        {
            return problem;
        }

        var name = device!.Name;
        return await StoreAsync(
            context,
            stored => stored.Any(d => d.Name == name)
                ? Refuse(Problem.Of(StatusCodes.Status409Conflict, $"There is a device '{name}' already. PUT or PATCH /api/devices/{name} changes it."))
                : Want(device),
            dryRun,
            stop).ConfigureAwait(false);
    }

    /// <summary>Creates the device or replaces it as a whole.</summary>
    public async Task<IResult> ReplaceAsync(HttpContext context, string name, string json, bool dryRun, CancellationToken stop) =>
        Read(json, name, out var device) ?? await StoreAsync(context, _ => Want(device!), dryRun, stop).ConfigureAwait(false);

    /// <summary>Changes what the patch names, of the device as it is by then.</summary>
    public Task<IResult> PatchAsync(HttpContext context, string name, string patch, bool dryRun, CancellationToken stop) => StoreAsync(
        context,
        stored =>
        {
            if (stored.FirstOrDefault(d => d.Name == name) is not { } before)
            {
                return Refuse(NotFound(name, DeviceList.Near([.. stored.Select(d => d.Name)], name)));
            }

            var (json, problem) = MergePatch.Apply(before, patch);
            DeviceSpec? after = null;
            problem ??= Read(json, name, out after);
            return problem is null ? Want(after!) : Refuse(problem);
        },
        dryRun,
        stop);

    /// <summary>Removes a device; 409 while others have it as their parent.</summary>
    public async Task<IResult> RemoveAsync(HttpContext context, string name, bool dryRun, CancellationToken stop)
    {
        var removal = await Devices.RemoveAsync(server.By(context).Database, name, dryRun, stop).ConfigureAwait(false);
        if (removal.Children.Count > 0)
        {
            return Problem.Of(
                StatusCodes.Status409Conflict,
                $"Device {name} is the parent of {string.Join(", ", removal.Children.Take(10))}; remove those, or give them another parent, first.");
        }

        if (removal.Device is not { } removed)
        {
            return NotFound(name, removal.Near);
        }

        Told(dryRun);
        return Results.Ok(new DeviceWritten { Result = "removed", DryRun = dryRun, Device = removed });
    }

    /// <summary>The device of that name, or a 404 that names those like it of which whoever asks may hear.</summary>
    public async Task<(DeviceSpec? Device, IResult? Problem)> FindAsync(string name, CancellationToken stop, Func<string, bool>? fits = null)
    {
        var (device, near) = await server.Database.ReadAsync(
            "devices.find",
            tx => DeviceList.Find(tx, name) is { } found ? (found, Array.Empty<string>()) : ((DeviceSpec?)null, DeviceList.Near(tx, name, fits)),
            stop).ConfigureAwait(false);
        return device is not null ? (device, null) : (null, NotFound(name, near));
    }

    /// <summary>404 for a device.</summary>
    public static Problem NotFound(string name, IReadOnlyList<string> near) => Problem.NotFound($"There is no device '{SpecPointer.Shown(name)}'.", near);

    private static FleetWish<Problem> Refuse(Problem problem) => new() { Refusal = problem };

    private static FleetWish<Problem> Want(DeviceSpec device) => new() { Wanted = [device] };

    private static Problem? Read(string json, string? name, out DeviceSpec? device)
    {
        var reading = SpecJson.ReadDevice(json, name);
        device = reading.Device;
        var mistakes = device is null ? reading.Mistakes : SpecRules.Check(device);
        return mistakes.Count == 0 ? null : Problem.Refused("The device cannot be stored; nothing was changed.", SpecPointer.Of(mistakes));
    }

    private async Task<IResult> StoreAsync(HttpContext context, Func<IReadOnlyList<DeviceSpec>, FleetWish<Problem>> decide, bool dryRun, CancellationToken stop)
    {
        var change = await Devices.ChangeAsync(server.By(context).Database, decide, dryRun, stop).ConfigureAwait(false);
        if (change.Refusal is { } refusal)
        {
            return refusal;
        }

        if (change.Mistakes.Count > 0)
        {
            return Problem.Refused("The device does not fit the other devices; nothing was changed.", SpecPointer.Of(change.Mistakes, change.Wanted[0].Name));
        }

        Told(dryRun);
        var (device, diff) = (change.Wanted[0], change.Diff);
        var written = new DeviceWritten
        {
            Result = diff.Added.Count > 0 ? "created" : diff.Changed.Count > 0 ? "changed" : "unchanged",
            DryRun = dryRun,
            Device = device,
            Changes = diff.Changed.Count > 0 ? diff.Changed[0].Fields : [],
            Warnings = SpecPointer.Of(SpecRules.Warnings(device)),
        };
        return diff.Added.Count > 0 && !dryRun ? Results.Created($"/api/devices/{device.Name}", written) : Results.Ok(written);
    }

    private void Told(bool dryRun)
    {
        if (!dryRun)
        {
            server.Hints.Send(HintTopics.Polling);
        }
    }
}
