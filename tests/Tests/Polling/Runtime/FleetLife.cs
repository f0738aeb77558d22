using System.Globalization;
using System.Text;
using Rondo.Drivers;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>What may happen to a fleet besides being changed.</summary>
[Flags]
internal enum Trouble
{
    None = 0,
    Clock = 1,
    Kills = 2,
    Outages = 4,
    Devices = 8,
}

/// <summary>One random life of a fleet, the same for the same seed, with a diary for whoever has to understand it.</summary>
internal sealed class FleetLife : IAsyncDisposable
{
    private const int LongestInterval = 7;
    private static readonly int[] _intervals = [1, 2, 3, 5, LongestInterval];
    private readonly Random _random;
    private readonly Trouble _troubles;
    private readonly StringBuilder _diary = new();
    private readonly SortedDictionary<string, DeviceSpec> _fleet = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stopped = [];
    private bool _on = true;
    private PollingRig _rig;
    private readonly PollingRig _first;
    private Instant _latest;

    private FleetLife(PollingRig rig, int seed, Trouble troubles)
    {
        _rig = _first = rig;
        _random = new Random(seed);
        _troubles = troubles;
        _latest = rig.Now;
    }

    public string Diary => _diary.ToString();

    public static async Task<FleetLife> StartAsync(DatabaseKind kind, int seed, Trouble troubles) => new(await PollingRig.StartAsync(kind), seed, troubles);

    public async Task LiveAsync(int steps)
    {
        for (var n = 0; n < steps; n++)
        {
            await StepAsync();
            if (_random.Next(3) > 0)
            {
                var each = TimeSpan.FromMilliseconds(_random.Next(4) switch { 0 => 50, 1 => 130, 2 => 400, _ => 1_700 });
                await RunAsync(TimeSpan.FromMilliseconds(_random.Next(6_000)), each);
            }
        }
    }

    /// <summary>Everything is well again and time is past whatever it showed before: now the books must balance.</summary>
    public async Task ProveAsync()
    {
        _rig.Database.Before = null;
        _rig.Database.After = null;
        _rig.LooksAtFleet = true;
        foreach (var session in _rig.Field.Values)
        {
            session.Answer = _ => ReadFault.None;
            session.Takes = _ => TimeSpan.Zero;
        }

        await _rig.ClockPassAsync();
        if (_latest > _rig.Now)
        {
            await SetClockAsync(_latest - _rig.Now);
            await _rig.ClockPassAsync();
        }

        await RunAsync(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(100));
        Write("prove");
        await _rig.ProveAsync(TimeSpan.FromSeconds(LongestInterval));
        await new LedgerCheck(_rig).RunAsync();
        await ProveObedienceAsync();
    }

    public async ValueTask DisposeAsync() => await _first.DisposeAsync();

    /// <summary>Enabled is planned, planned is armed; and after a stop nobody asks anything.</summary>
    private async Task ProveObedienceAsync()
    {
        var enabled = _fleet.Values.Where(device => _on && device.Enabled && !_stopped.Contains(device.Name))
            .SelectMany(device => device.Groups.Where(group => group.Enabled).Select(group => $"{device.Name}/{group.Name} {group.Interval.TotalSeconds:0}"));
        var planned = await _rig.Store.QueryAsync<string>("""
            select d.name || '/' || g.name || ' ' || (p.interval_us / 1000000) from poll_plan p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
            where p.until_at is null
            """);
        Assert.Equal(enabled.Order(StringComparer.Ordinal), planned.Order(StringComparer.Ordinal));
        var armed = _rig.Armory.Groups.Values.Where(group => group.NextSlot != long.MaxValue).Select(group => group.Id);
        Assert.Equal((await _rig.Store.QueryAsync<long>("select group_id from poll_plan where until_at is null order by 1")), armed.Order());

        await Devices.SetPollingAsync(_rig.Database, null, on: false);
        await _rig.RunAsync(TimeSpan.FromSeconds(3));
        var asked = _rig.Field.Values.Sum(session => session.Reads.Count);
        await _rig.RunAsync(TimeSpan.FromSeconds(2 * LongestInterval));
        Assert.Equal(asked, _rig.Field.Values.Sum(session => session.Reads.Count));
        Assert.Empty(_rig.Armory.Groups);
        await new LedgerCheck(_rig).RunAsync();
    }

    private Task StepAsync()
    {
        var kinds = Enum.GetValues<Trouble>().Where(trouble => trouble != Trouble.None && _troubles.HasFlag(trouble)).ToArray();
        return kinds.Length > 0 && _random.Next(2) == 0
            ? kinds[_random.Next(kinds.Length)] switch
            {
                Trouble.Clock => SetClockAsync(RandomStep()),
                Trouble.Kills => KillAsync(),
                Trouble.Outages => SufferAsync(),
                _ => MisbehaveAsync(),
            }
            : ChangeAsync();
    }

    private async Task ChangeAsync()
    {
        var name = $"d{_random.Next(5)}";
        switch (_random.Next(8))
        {
            case 0 or 1 or 2:
                _fleet[name] = RandomDevice(name);
                await ApplyAsync("apply " + Say(_fleet[name]));
                break;
            case 3 or 4 when _fleet.TryGetValue(name, out var device):
                // The edit that matters most: the same group, another rhythm.
                _fleet[name] = device with { Groups = [.. device.Groups.Select(group => group with { Interval = RandomInterval() })] };
                await ApplyAsync("edit " + Say(_fleet[name]));
                break;
            case 5 when _fleet.Remove(name):
                _stopped.Remove(name);
                await ApplyAsync("remove " + name);
                break;
            case 6 when _fleet.ContainsKey(name):
                var on = _stopped.Remove(name) || !_stopped.Add(name);
                Write($"{(on ? "start" : "stop")} {name}");
                await Devices.SetPollingAsync(_rig.Database, name, on);
                break;
            case 7:
                _on = !_on || _random.Next(2) == 0;
                Write(_on ? "start all" : "stop all");
                await Devices.SetPollingAsync(_rig.Database, null, _on);
                break;
        }
    }

    private async Task ApplyAsync(string what)
    {
        Write(what);
        await Devices.ApplyAsync(_rig.Database, [.. _fleet.Values], prune: true, dryRun: false);
        if (_random.Next(2) == 0)
        {
            await _rig.FleetPassAsync();
        }
    }

    private async Task SetClockAsync(TimeSpan by)
    {
        Write($"clock {by.TotalSeconds:+0.###;-0.###} s");
        _rig.Time.StepWall(by);
        if (_random.Next(2) == 0)
        {
            await _rig.ClockPassAsync();
        }

        Remember();
    }

    private TimeSpan RandomStep() => TimeSpan.FromMilliseconds(_random.Next(5) switch
    {
        0 => _random.Next(-3_600_000, 3_600_000),
        1 => _random.Next(-2_000, 2_000),
        _ => _random.Next(-40_000, 40_000),
    });

    /// <summary>The process is gone with all it had in memory, now or a moment after something fired, and comes back at once or a while later.</summary>
    private async Task KillAsync()
    {
        if (_random.Next(2) == 0)
        {
            _rig.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(3_000)));
            await _rig.FireAsync();
            await _rig.QuietAsync();
        }

        var away = TimeSpan.FromMilliseconds(_random.Next(2) == 0 ? 0 : _random.Next(30_000));
        Write($"kill, away {away.TotalSeconds:0.###} s, {_rig.Recorder.Waiting} waiting");
        Assert.Equal(0, _rig.Recorder.Totals.Duplicates);
        Assert.All(_rig.Field.Values, session => Assert.Equal(0, session.Overlaps));
        _rig.Database.Before = null;
        _rig.Database.After = null;
        _rig.Time.Advance(away);
        Remember();
        _rig = await _rig.RestartAsync();

        // What the old process still had on the line ends there, not at the new one's.
        _rig.Field.Clear();
    }

    private Task SufferAsync()
    {
        var what = _random.Next(4);
        Write(what switch { 0 => "records fail", 1 => "one answer is lost", 2 => "fleet is not looked at", _ => "all well" });
        _rig.Database.Before = what == 0 ? name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null : null;
        _rig.Database.After = what == 1 ? LoseOne : null;
        _rig.LooksAtFleet = what != 2;
        return Task.CompletedTask;
    }

    private StorageFault? LoseOne(string name)
    {
        if (!name.StartsWith("polling.record", StringComparison.Ordinal))
        {
            return null;
        }

        _rig.Database.After = null;
        return SteeredDatabase.Away(name);
    }

    private Task MisbehaveAsync()
    {
        var session = _rig.Device($"10.0.0.{_random.Next(3)}:502");
        var fault = _random.Next(4) switch { 0 => ReadFault.Timeout, 1 => ReadFault.Refused, _ => ReadFault.None };
        var takes = TimeSpan.FromMilliseconds(_random.Next(3) == 0 ? _random.Next(4_000) : 0);
        var unit = (byte)_random.Next(1, 6);
        Write($"unit {unit} of a line: {fault}, takes {takes.TotalMilliseconds} ms");
        session.Answer = asked => asked == unit ? fault : ReadFault.None;
        session.Takes = asked => asked == unit ? takes : TimeSpan.Zero;
        return Task.CompletedTask;
    }

    private async Task RunAsync(TimeSpan by, TimeSpan each)
    {
        Write($"run {by.TotalSeconds} s by {each.TotalMilliseconds} ms");
        await _rig.RunAsync(by, each);
        Remember();
    }

    private void Remember() => _latest = _rig.Now > _latest ? _rig.Now : _latest;

    private void Write(string what) => _diary.Append(CultureInfo.InvariantCulture, $"{_rig.Now} {what}\n");

    private static string Say(DeviceSpec device) =>
        $"{device.Name} {device.Address} {(device.Enabled ? "" : "off ")}{string.Join(", ", device.Groups.Select(g => $"{g.Name} {g.Interval.TotalSeconds} s{(g.Enabled ? "" : " off")}"))}";

    private TimeSpan RandomInterval() => TimeSpan.FromSeconds(_intervals[_random.Next(_intervals.Length)]);

    private DeviceSpec RandomDevice(string name) => Meters.Meter(name, $"10.0.0.{_random.Next(3)}:502", (byte)(name[1] - '0' + 1)) with
    {
        Enabled = _random.Next(5) > 0,
        Groups = [.. Enumerable.Range(0, 2).Where(_ => _random.Next(3) > 0).Select(g => Meters.Group($"g{g}", 1, 2, $"g{g}p") with
        {
            Interval = RandomInterval(),
            Align = _random.Next(2) == 0,
            Enabled = _random.Next(5) > 0,
        })],
    };
}
