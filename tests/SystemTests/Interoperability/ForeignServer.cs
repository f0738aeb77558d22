using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Interoperability;

/// <summary>A Modbus TCP server that others wrote, filled with values of ours.</summary>
internal sealed class ForeignServer : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3";

    private const string PymodbusServer = """
        import sys
        from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
        from pymodbus.server import StartTcpServer

        registers = [int(each, 16) for each in sys.argv[2].split(",")]
        bits = [int(each) for each in sys.argv[3]]
        unit = ModbusSlaveContext(
            di=ModbusSequentialDataBlock(0, bits), co=ModbusSequentialDataBlock(0, bits),
            hr=ModbusSequentialDataBlock(0, registers), ir=ModbusSequentialDataBlock(0, registers), zero_mode=True)
        StartTcpServer(context=ModbusServerContext(slaves=unit, single=True), address=("127.0.0.1", int(sys.argv[1])))
        """;

    // One connection after the other: what is compared takes turns too.
    private const string LibmodbusServer = """
        #include <modbus/modbus.h>
        #include <stdlib.h>
        #include <string.h>

        int main(int argc, char **argv) {
          modbus_t *bus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
          modbus_mapping_t *map = modbus_mapping_new(64, 64, 125, 125);
          int n = 0;
          for (char *each = strtok(argv[2], ","); each; each = strtok(NULL, ","), n++)
            map->tab_registers[n] = map->tab_input_registers[n] = strtol(each, NULL, 16);
          for (int i = 0; argv[3][i]; i++)
            map->tab_bits[i] = map->tab_input_bits[i] = argv[3][i] == '1';
          int listener = modbus_tcp_listen(bus, 1);
          if (listener < 0)
            return 1;
          for (;;) {
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            if (modbus_tcp_accept(bus, &listener) < 0)
              return 1;
            for (int length; (length = modbus_receive(bus, query)) >= 0;)
              modbus_reply(bus, query, length, map);
            modbus_close(bus);
          }
        }
        """;

    private readonly ChildProcess _process;
    private readonly string _folder;

    private ForeignServer(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    /// <param name="kind"><c>pymodbus</c> or <c>libmodbus</c>.</param>
    /// <param name="registers">Holding and input registers from address 0.</param>
    /// <param name="bits">Coils and discrete inputs from address 0, as 0 and 1.</param>
    public static async Task<ForeignServer> StartAsync(string kind, IReadOnlyList<ushort> registers, string bits)
    {
        var folder = Directory.CreateTempSubdirectory("rondo-foreign-").FullName;
        var port = FreePort();
        string[] values = [port.ToString(CultureInfo.InvariantCulture), string.Join(',', registers.Select(value => value.ToString("x4", CultureInfo.InvariantCulture))), bits];
        var process = kind == "pymodbus" ? await PymodbusAsync(folder, values) : await LibmodbusAsync(folder, values);
        var server = new ForeignServer(process, folder, port);
        try
        {
            await process.UntilAsync(() => server.IsListeningAsync(), "an open port");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<ChildProcess> PymodbusAsync(string folder, string[] values)
    {
        Tools.Require(File.Exists(Python), "python3 of Debian (package python3)");
        await using (var import = new ChildProcess(Python, ["-c", "import pymodbus.server"]))
        {
            Tools.Require(await import.ExitAsync() == 0, "pymodbus with its server (packages python3-pymodbus, python3-serial-asyncio)");
        }

        var script = Path.Combine(folder, "server.py");
        await File.WriteAllTextAsync(script, PymodbusServer);
        return new ChildProcess(Python, [script, .. values]);
    }

    private static async Task<ChildProcess> LibmodbusAsync(string folder, string[] values)
    {
        var gcc = Tools.Find("gcc", "gcc");
        Tools.Require(File.Exists("/usr/include/modbus/modbus.h"), "libmodbus (package libmodbus-dev)");
        var (source, program) = (Path.Combine(folder, "server.c"), Path.Combine(folder, "server"));
        await File.WriteAllTextAsync(source, LibmodbusServer);
        await using (var compiler = new ChildProcess(gcc, ["-o", program, source, "-lmodbus"]))
        {
            Assert.True(await compiler.ExitAsync() == 0, string.Join('\n', compiler.Errors));
        }

        return new ChildProcess(program, values);
    }

    private async Task<bool> IsListeningAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

/// <summary>The servers of a test class, each started when a test first asks for it.</summary>
public sealed class ForeignServers : IAsyncDisposable
{
    private readonly Dictionary<string, ForeignServer> _started = [];

    internal async Task<ForeignServer> GetAsync(string kind, IReadOnlyList<ushort> registers, string bits)
    {
        if (!_started.TryGetValue(kind, out var server))
        {
            _started.Add(kind, server = await ForeignServer.StartAsync(kind, registers, bits));
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _started.Values)
        {
            await server.DisposeAsync();
        }
    }
}
