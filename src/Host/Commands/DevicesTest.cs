using System.CommandLine;
using System.Globalization;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices test</c>: one live read, from here, whether or not a server runs.</summary>
internal static class DevicesTest
{
    public static Command Create(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The device" };
        var timeout = new Option<string>("--timeout") { Description = "Longest that the test may take", DefaultValueFactory = _ => "30s", HelpName = "TIME" };
        return cli.Act(
            new Command("test", "Read a device now: first as polling would, then each point by itself, with raw registers. Exit code 1 when a point has no value.") { name, timeout },
            run => run.UseDatabaseAsync(async database => await TestAsync(
                run, await DeviceNames.FindAsync(run, database, run.Get(name)!), database.Clock.Now, TimeOptions.Span("--timeout", run.Get(timeout)!, TimeSpan.FromMilliseconds(20), TimeSpan.FromHours(1)))),
            "rondo devices test main-meter",
            "rondo devices test main-meter --json");
    }

    private static async Task<int> TestAsync(Run run, DeviceSpec device, Instant at, TimeSpan patience)
    {
        if (EndpointAddress.TryParse(device.Address, out var problem) is not { } address)
        {
            throw new CommandFault(ExitCode.Problem, $"{device.Name}: '{device.Address}' {problem}");
        }

        if (device.Groups.Count == 0)
        {
            throw new CommandFault(ExitCode.Problem, $"{device.Name} has no points: it only groups other devices");
        }

        await using var session = new ModbusSession(address.Host, address.Port, device.Endpoint, run.Time);
        var deadline = run.Time.GetTimestamp() + (long)(patience.TotalSeconds * run.Time.TimestampFrequency);
        var groups = new List<GroupTest>();
        var points = new List<PointTest>();
        foreach (var group in device.Groups)
        {
            groups.Add(await AsPolledAsync(run, session, device, group, deadline));
            if (groups[^1].Fault is "timeout" or "refused" or "unreachable")
            {
                // Nobody there: asking for each point would only take its time-out again and again.
                points.AddRange(group.Points.Select(p => new PointTest(p, "", null, "not asked")));
                continue;
            }

            foreach (var point in group.Points)
            {
                points.Add(await ReadAsync(run, session, device, point, deadline));
            }
        }

        Print(run, device, at, groups, points);
        return points.TrueForAll(p => p.Value is not null) ? ExitCode.Ok : ExitCode.Problem;
    }

    private static async Task<GroupTest> AsPolledAsync(Run run, ModbusSession session, DeviceSpec device, GroupSpec group, long deadline)
    {
        var plan = ModbusReadPlan.Build(device.Modbus, [.. group.Points.Select(p => p.Modbus)]);
        var result = new ReadResult();
        var started = run.Time.GetTimestamp();
        await session.ReadAsync(plan, result, deadline, run.Stop);
        var fault = result.Good > 0 && result.Fault is ReadFault.None ? "" : result.Fault.Text() ?? "";
        return new GroupTest(
            group.Name, result.Good, result.Count, result.Requests, run.Time.GetElapsedTime(started).TotalMilliseconds, fault, FaultWords.Say(result.Fault, result.Code, device.Endpoint));
    }

    private static async Task<PointTest> ReadAsync(Run run, ModbusSession session, DeviceSpec device, PointSpec point, long deadline)
    {
        var modbus = point.Modbus;
        var count = modbus.Function <= 2 ? 1 : RegisterCodec.RegistersOf(modbus.Type);
        var (data, fault) = await AskAsync(run, session, device, modbus.Function, modbus.Address, count, deadline);
        if (fault is not null)
        {
            return new PointTest(point, "", null, fault);
        }

        if (modbus.Function <= 2)
        {
            return new PointTest(point, data[0].ToString("X2", CultureInfo.InvariantCulture), data[0] & 1, "");
        }

        var scale = Array.Empty<byte>();
        if (modbus.ScaleAddress is { } scaleAddress)
        {
            (scale, fault) = await AskAsync(run, session, device, modbus.Function, scaleAddress, 1, deadline);
            if (fault is not null)
            {
                return new PointTest(point, Hex(data), null, $"its scale register {scaleAddress}: {fault}");
            }
        }

        var decoded = RegisterCodec.Decode(modbus, data, scale, out var value);
        return new PointTest(point, Hex(data), decoded == ReadFault.None ? value : null, FaultWords.Say(decoded, 0, device.Endpoint));
    }

    private static async Task<(byte[] Data, string? Fault)> AskAsync(Run run, ModbusSession session, DeviceSpec device, byte function, int address, int count, long deadline)
    {
        // Meters that want even addresses refuse anything else, also when they are only tried.
        var extra = device.Modbus.EvenAligned && function >= 3 ? address & 1 : 0;
        var span = device.Modbus.EvenAligned && function >= 3 ? (count + extra + 1) & ~1 : count;
        var request = new ReadRequest(device.Modbus.Unit, function, (ushort)(address - extra), (ushort)span);
        var data = new byte[request.ByteCount];
        var reply = await session.AskAsync(request, data, deadline, run.Stop);
        return reply.Fault == ReadFault.None
            ? (function <= 2 ? data : data[(extra * 2)..((extra + count) * 2)], null)
            : ([], FaultWords.Say(reply.Fault, reply.Code, device.Endpoint));
    }

    private static void Print(Run run, DeviceSpec device, Instant at, List<GroupTest> groups, List<PointTest> points)
    {
        run.Say($"{device.Name} at {device.Address} unit {device.Modbus.Unit}, {at}");
        foreach (var group in groups)
        {
            run.Say($"group {group.Name}, as polled: {group.Good} of {group.Count} points in {group.TookMs:0.0} ms with {group.Requests} requests{(group.Words.Length > 0 ? "; " + group.Words : "")}");
        }

        run.WriteTable(
            ["point", "register", "raw", "value", "unit", "problem"],
            points.Select(p => (IReadOnlyList<string?>)
            [
                p.Point.Name, $"{p.Point.Modbus.Function}:{p.Point.Modbus.Address}", p.Raw, p.Value?.ToString("R", CultureInfo.InvariantCulture) ?? "-", p.Point.Unit, p.Problem,
            ]));
        run.WriteJson(new
        {
            device = device.Name,
            device.Address,
            device.Modbus.Unit,
            at,
            groups = groups.Select(g => new { g.Name, g.Good, g.Count, g.Requests, took_ms = Math.Round(g.TookMs, 2), fault = g.Fault.Length > 0 ? g.Fault : null, problem = g.Words.Length > 0 ? g.Words : null }),
            points = points.Select(p => new
            {
                p.Point.Name, p.Point.Modbus.Function, p.Point.Modbus.Address, type = p.Point.Modbus.Type.Word(), p.Raw, p.Value, p.Point.Unit, problem = p.Problem.Length > 0 ? p.Problem : null,
            }),
        });
    }

    /// <summary>Registers as people compare them with a manual: four digits each.</summary>
    internal static string Hex(ReadOnlySpan<byte> data)
    {
        var text = Convert.ToHexString(data);
        return string.Join(' ', text.Chunk(4).Select(c => new string(c)));
    }

    private sealed record GroupTest(string Name, int Good, int Count, int Requests, double TookMs, string Fault, string Words);

    private sealed record PointTest(PointSpec Point, string Raw, double? Value, string Problem);
}
