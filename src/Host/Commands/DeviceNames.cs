using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>Finds a device by name, or says which names are near.</summary>
internal static class DeviceNames
{
    private const int MostNear = 5;

    /// <summary>The device of that name; ends the command when there is none.</summary>
    public static async Task<DeviceSpec> FindAsync(Run run, Database database, string name)
    {
        var all = await Devices.ListAsync(database, run.Stop);
        return all.FirstOrDefault(d => d.Name == name) ?? throw Unknown(name, all);
    }

    /// <summary>What to say about a name that is no device's.</summary>
    public static async Task<CommandFault> UnknownAsync(Run run, Database database, string name) => Unknown(name, await Devices.ListAsync(database, run.Stop));

    private static CommandFault Unknown(string name, IReadOnlyList<DeviceSpec> all)
    {
        var near = all.Select(d => d.Name).Where(n => Shared(n, name) >= Math.Max(2, name.Length / 2)).OrderByDescending(n => Shared(n, name)).Take(MostNear).ToArray();
        var hint = near.Length > 0 ? $"near it are: {string.Join(", ", near)}" : all.Count == 0 ? "there are none yet: rondo devices apply FILE" : "rondo devices list shows all";
        return new CommandFault(ExitCode.Problem, $"there is no device '{name}'; {hint}");
    }

    /// <summary>How many letters two names have in common from their beginning; enough for the slips that numbers at the end are.</summary>
    private static int Shared(string a, string b)
    {
        var length = 0;
        while (length < a.Length && length < b.Length && char.ToLowerInvariant(a[length]) == char.ToLowerInvariant(b[length]))
        {
            length++;
        }

        return length;
    }
}
