using System.CommandLine;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices probe</c>; needs no database.</summary>
internal static class DevicesProbe
{
    public static Command Create(Cli cli)
    {
        var address = new Argument<string>("HOST:PORT") { Description = "Where it is; the port is 502 unless given" };
        var unit = new Option<int>("--unit") { Description = "Unit (slave) id, 0 to 255", DefaultValueFactory = _ => 1, HelpName = "N" };
        var register = new Option<string>("--register") { Description = "Address as on the wire, from 0; decimal or 0x hexadecimal", Required = true, HelpName = "A" };
        var function = new Option<int>("--function") { Description = "3 holding registers, 4 input registers", DefaultValueFactory = _ => 4, HelpName = "N" };
        var framing = new Option<string>("--framing") { Description = "tcp, or rtu (serial frames over TCP)", DefaultValueFactory = _ => "tcp" }.AcceptOnlyFromAmong("tcp", "rtu");
        var timeout = new Option<string>("--timeout") { Description = "How long an answer may take", DefaultValueFactory = _ => "3s", HelpName = "TIME" };
        return cli.Act(
            new Command("probe", "Read a register and show every type and byte order side by side: the line with the value the meter shows is the right one")
            {
                address, unit, register, function, framing, timeout,
            },
            run => ProbeAsync(
                run,
                Address(run.Get(address)!),
                Request(run.Get(unit), run.Get(register)!, run.Get(function)),
                new ModbusEndpointSettings
                {
                    Framing = run.Get(framing) == "rtu" ? ModbusFraming.Rtu : ModbusFraming.Tcp,
                    ResponseTimeout = TimeOptions.Span("--timeout", run.Get(timeout)!, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1)),
                }),
            "rondo devices probe 10.0.0.30:502 --unit 1 --register 0",
            "rondo devices probe 10.0.0.30 --unit 7 --register 0x0034 --function 3");
    }

    private static EndpointAddress Address(string text) =>
        EndpointAddress.TryParse(text, out var problem) ?? throw new CommandFault(ExitCode.Misuse, $"'{text}' {problem}");

    private static ReadRequest Request(int unit, string register, int function)
    {
        if (unit is < 0 or > 255)
        {
            throw new CommandFault(ExitCode.Misuse, $"--unit: {unit} is out of range; expected 0 to 255");
        }

        if (function is not (3 or 4))
        {
            throw new CommandFault(ExitCode.Misuse, $"--function: {function} does not read registers; expected 3 (holding) or 4 (input)");
        }

        var isHex = register.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ushort.TryParse(isHex ? register[2..] : register, isHex ? System.Globalization.NumberStyles.AllowHexSpecifier : System.Globalization.NumberStyles.None, null, out var address)
            ? new ReadRequest((byte)unit, (byte)function, address, (ushort)Math.Min(4, 65536 - address))
            : throw new CommandFault(ExitCode.Misuse, $"--register: '{register}' is no address; expected 0 to 65535, or 0x0000 to 0xFFFF");
    }

    private static async Task<int> ProbeAsync(Run run, EndpointAddress address, ReadRequest request, ModbusEndpointSettings settings)
    {
        await using var session = new ModbusSession(address.Host, address.Port, settings, run.Time);
        var deadline = run.Time.GetTimestamp() + (long)((settings.ConnectTimeout + (settings.ResponseTimeout * 3)).TotalSeconds * run.Time.TimestampFrequency);
        var data = new byte[request.ByteCount];
        var started = run.Time.GetTimestamp();
        var reply = await session.AskAsync(request, data, deadline, run.Stop);
        while (reply.Fault == ReadFault.Rejected && reply.Code is 2 or 3 && request.Count > 1)
        {
            // The device may end, or have a hole, right behind this register.
            request = request with { Count = (ushort)(request.Count / 2) };
            reply = await session.AskAsync(request, data, deadline, run.Stop);
        }

        var took = run.Time.GetElapsedTime(started).TotalMilliseconds;
        if (reply.Fault != ReadFault.None)
        {
            throw new CommandFault(ExitCode.Problem, $"{address} unit {request.Unit}, function {request.Function}, register {request.Address}: {FaultWords.Say(reply.Fault, reply.Code, settings)}");
        }

        var registers = data.AsMemory(0, reply.Length);
        var readings = ModbusProbe.Interpret(registers.Span);
        run.Say($"{address} unit {request.Unit}, function {request.Function}, register {request.Address}: {DevicesTest.Hex(registers.Span)} in {took:0.0} ms");
        var orders = Enum.GetValues<ModbusOrder>();
        run.WriteTable(
            ["type", .. orders.Select(o => o.ToString())],
            readings.GroupBy(r => r.Type).Select(type => (IReadOnlyList<string?>)
            [
                type.Key.Word(), .. orders.Select(o => type.FirstOrDefault(r => r.Order == o)?.Text ?? ""),
            ]));
        run.WriteJson(new
        {
            address = address.ToString(),
            request.Unit,
            request.Function,
            register = request.Address,
            raw = DevicesTest.Hex(registers.Span),
            took_ms = Math.Round(took, 2),
            readings = readings.Select(r => new { type = r.Type.Word(), order = r.Order.ToString(), value = r.Fault == ReadFault.None ? r.Value : (double?)null, r.Text }),
        });
        return ExitCode.Ok;
    }
}
