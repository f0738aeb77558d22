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

/// <summary>Changes of single devices, one at a time, checked against the whole fleet. The poller of this process hears of them at once.</summary>
internal sealed class DeviceWrites(Server server) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Creates a device; 409 when there is one of its name.</summary>
    public Task<IResult> CreateAsync(string json, bool dryRun, CancellationToken stop) => OneAtATimeAsync(
        async () => Read(json, null, out var device) ?? await StoreAsync(device!, mayExist: false, dryRun, stop).ConfigureAwait(false), stop);

    /// <summary>Creates the device or replaces it as a whole.</summary>
    public Task<IResult> ReplaceAsync(string name, string json, bool dryRun, CancellationToken stop) => OneAtATimeAsync(
        async () => Read(json, name, out var device) ?? await StoreAsync(device!, mayExist: true, dryRun, stop).ConfigureAwait(false), stop);

    /// <summary>Changes what the patch names.</summary>
    public Task<IResult> PatchAsync(string name, string patch, bool dryRun, CancellationToken stop) => OneAtATimeAsync(
        async () =>
        {
            var (stored, near) = await FindAsync(name, stop).ConfigureAwait(false);
            if (stored is null)
            {
                return near!;
            }

            var (json, problem) = MergePatch.Apply(stored, patch);
            return problem ?? Read(json, name, out var device) ?? await StoreAsync(device!, mayExist: true, dryRun, stop).ConfigureAwait(false);
        },
        stop);

    /// <summary>Removes a device; 409 while others have it as their parent.</summary>
    public Task<IResult> RemoveAsync(string name, bool dryRun, CancellationToken stop) => OneAtATimeAsync(
        async () =>
        {
            var removal = await Devices.RemoveAsync(server.Database, name, dryRun, stop).ConfigureAwait(false);
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

            if (!dryRun)
            {
                server.Poller?.ConfigurationChanged();
            }

            return Results.Ok(new DeviceWritten { Result = "removed", DryRun = dryRun, Device = removed });
        },
        stop);

    /// <summary>The device of that name, or a 404 that names those like it.</summary>
    public async Task<(DeviceSpec? Device, IResult? Problem)> FindAsync(string name, CancellationToken stop)
    {
        var (device, near) = await server.Database.ReadAsync(
            "devices.find",
            tx => DeviceList.Find(tx, name) is { } found ? (found, Array.Empty<string>()) : ((DeviceSpec?)null, DeviceList.Near(tx, name)),
            stop).ConfigureAwait(false);
        return device is not null ? (device, null) : (null, NotFound(name, near));
    }

    /// <summary>404 for a device.</summary>
    public static Problem NotFound(string name, IReadOnlyList<string> near) => Problem.NotFound($"There is no device '{SpecPointer.Shown(name)}'.", near);

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<IResult> OneAtATimeAsync(Func<Task<IResult>> write, CancellationToken stop)
    {
        await _gate.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await write().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static Problem? Read(string json, string? name, out DeviceSpec? device)
    {
        var reading = SpecJson.ReadDevice(json, name);
        device = reading.Device;
        var mistakes = device is null ? reading.Mistakes : SpecRules.Check(device);
        return mistakes.Count == 0 ? null : Problem.Refused("The device cannot be stored; nothing was changed.", SpecPointer.Of(mistakes));
    }

    private async Task<IResult> StoreAsync(DeviceSpec device, bool mayExist, bool dryRun, CancellationToken stop)
    {
        var fleet = await Devices.ListAsync(server.Database, stop).ConfigureAwait(false);
        var others = fleet.Where(d => d.Name != device.Name).ToArray();
        var isNew = others.Length == fleet.Count;
        if (!isNew && !mayExist)
        {
            return Problem.Of(StatusCodes.Status409Conflict, $"There is a device '{device.Name}' already. PUT or PATCH /api/devices/{device.Name} changes it.");
        }

        // Last in the list, because of two that disagree the later one is named; and only what this device brings about is its affair.
        var before = FleetRules.Check(others).ToHashSet();
        var mistakes = FleetRules.Check([.. others, device]).Where(m => !before.Contains(m)).ToArray();
        if (mistakes.Length > 0)
        {
            return Problem.Refused("The device does not fit the other devices; nothing was changed.", SpecPointer.Of(mistakes, device.Name));
        }

        var diff = await Devices.ApplyAsync(server.Database, [device], prune: false, dryRun, stop).ConfigureAwait(false);
        if (!dryRun)
        {
            server.Poller?.ConfigurationChanged();
        }

        var written = new DeviceWritten
        {
            Result = diff.Added.Count > 0 ? "created" : diff.Changed.Count > 0 ? "changed" : "unchanged",
            DryRun = dryRun,
            Device = device,
            Changes = diff.Changed.Count > 0 ? diff.Changed[0].Fields : [],
            Warnings = SpecPointer.Of(SpecRules.Warnings(device)),
        };
        return isNew && !dryRun ? Results.Created($"/api/devices/{device.Name}", written) : Results.Ok(written);
    }
}
