using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Rondo.Tests.Polling.Fleet;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Devices by command, without a server.</summary>
public sealed class Device_commands : IDisposable
{
    private const string Two = """
        devices:
          - { name: north, address: 10.0.0.20, unit: 1, profile: sdm630, interval: 10s, points: [voltage_l1, energy_import] }
          - { name: south, address: 10.0.0.20, unit: 2, profile: sdm630, interval: 10s, points: [voltage_l1] }
        """;

    private readonly TempFolder _folder = new();
    private readonly CommandRun _run;

    public Device_commands() => _run = new CommandRun(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Apply_says_what_it_adds_changes_and_removes_and_does_nothing_the_second_time()
    {
        await _run.WithDevicesAsync(Two);
        Assert.Contains("+ north", _run.Output, StringComparison.Ordinal);
        Assert.Contains("2 added, 0 changed, 0 removed, 0 unchanged", _run.Output, StringComparison.Ordinal);
        await ApplyAsync(Two);
        Assert.Contains("0 added, 0 changed, 0 removed, 2 unchanged", _run.Output, StringComparison.Ordinal);

        var other = """
            devices:
              - { name: north, address: 10.0.0.21, unit: 1, profile: sdm630, interval: 20s, points: [voltage_l1, energy_import] }
            """;
        await ApplyAsync(other, "--dry-run", "--prune");
        Assert.Contains("would be: 0 added, 1 changed, 1 removed, 0 unchanged", _run.Output, StringComparison.Ordinal);
        await ApplyAsync(other);
        Assert.Contains("groups[main].interval: 10s → 20s", _run.Output, StringComparison.Ordinal);
        Assert.Contains("address: 10.0.0.20:502 → 10.0.0.21:502", _run.Output, StringComparison.Ordinal);
        Assert.Contains("1 not in the file and kept", _run.Output, StringComparison.Ordinal);
        await ApplyAsync(other, "--prune", "--json");
        Assert.Equal("south", _run.Json.GetProperty("removed")[0].GetString());
        Assert.Equal(["north"], await NamesAsync());
    }

    [Fact]
    public async Task The_usual_database_is_made_by_the_first_apply_and_one_that_was_named_is_not()
    {
        var file = _folder.Write("devices.yaml", Two);
        Assert.Equal(1, await _run.RunAsync("devices", "apply", file));
        Assert.Contains("rondo database migrate", _run.Error, StringComparison.Ordinal);

        _run.Database = null;
        await _run.GoodAsync("devices", "apply", file, "--dry-run");
        Assert.Contains("would be: 2 added", _run.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At(".local")));
        await _run.GoodAsync("devices", "apply", file);
        Assert.True(File.Exists(_folder.At(".local/share/rondo/rondo.db")));
        Assert.Equal(["north", "south"], await NamesAsync());
    }

    [Fact]
    public async Task A_mistake_is_told_with_line_and_column_and_nothing_is_applied()
    {
        await _run.WithDevicesAsync(Two);
        var file = _folder.Write("bad.yaml", """
            devices:
              - { name: west, address: 10.0.0.22, profile: sdm630 }
              - { name: east, address: 10.0.0.23, profile: sdm630, interval: soon }
            """);
        Assert.Equal(64, await _run.RunAsync("devices", "apply", file, "--prune"));
        Assert.Contains($"{file}:3:", _run.Error, StringComparison.Ordinal);
        Assert.Contains("nothing was applied", _run.Error, StringComparison.Ordinal);
        Assert.Equal(["north", "south"], await NamesAsync());
        Assert.Equal(64, await _run.RunAsync("devices", "apply", file, "--json"));
        Assert.Equal(3, _run.Json.GetProperty("mistakes")[0].GetProperty("line").GetInt32());
        Assert.False(_run.Json.GetProperty("applied").GetBoolean());
    }

    [Fact]
    public async Task What_contradicts_a_stored_device_is_a_mistake_too()
    {
        await _run.WithDevicesAsync(Two);
        var file = _folder.Write("other.yaml", """
            devices:
              - { name: west, address: 10.0.0.20, unit: 3, profile: sdm630, response_timeout: 5s }
            """);
        Assert.Equal(64, await _run.RunAsync("devices", "apply", file));
        Assert.Contains("west.endpoint.response_timeout", _run.Error, StringComparison.Ordinal);
        Assert.Equal(["north", "south"], await NamesAsync());
        await _run.GoodAsync("devices", "apply", file, "--prune");
        Assert.Equal(["west"], await NamesAsync());
    }

    [Fact]
    public async Task What_contradicts_a_device_that_came_while_the_file_was_applied_is_a_mistake_too()
    {
        await using var postgres = await TestStore.PostgresAsync();
        _run.Database = postgres.Url;
        await _run.GoodAsync("database", "migrate");
        await using var database = Database.Open(DatabaseAddress.TryParse(postgres.Url, out _)!, DatabaseUse.Command, TimeProvider.System);
        await using var gate = await HeldGate.TakeAsync(database, tx => TogetherTests.Apply(tx, Meters.Meter("first", "10.0.0.20:502")));
        var file = _folder.Write("second.yaml", "devices: [ { name: second, address: 10.0.0.20, unit: 3, profile: sdm630, response_timeout: 5s } ]");
        var applying = _run.RunAsync("devices", "apply", file);
        await gate.LetGoAsync(applying);

        Assert.Equal(64, await applying);
        Assert.Contains("second.endpoint.response_timeout", _run.Error, StringComparison.Ordinal);
        Assert.Equal(["first"], await NamesAsync());
    }

    [Fact]
    public async Task A_loop_of_parents_through_a_stored_device_is_a_mistake_of_the_file_that_closes_it()
    {
        await _run.WithDevicesAsync("""
            devices:
              - { name: hall, address: 10.0.0.20, groups: [] }
              - { name: attic, address: 10.0.0.20, parent: hall, groups: [] }
            """);
        var file = _folder.Write("loop.yaml", "devices: [ { name: hall, address: 10.0.0.20, parent: attic, groups: [] } ]");
        Assert.Equal(64, await _run.RunAsync("devices", "apply", file));
        Assert.Contains("loop of parents", _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_is_asked_too_much_is_warned_about_with_the_sum()
    {
        await _run.WithDevicesAsync("""
            devices:
              - { name: "busy-{n}", repeat: 1..10, address: 10.0.0.20, unit: "{n}", profile: sdm630, interval: 1s }
            """);
        Assert.Contains("10.0.0.20:502: planned requests need", _run.Error, StringComparison.Ordinal);
        await _run.GoodAsync("devices", "apply", _folder.At("devices.yaml"), "--json");
        Assert.True(_run.Json.GetProperty("bus_loads")[0].GetProperty("load").GetDouble() > 0.7);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("inter_request_delay: 320ms, ", true)]
    [InlineData("settle_delay: 320ms, ", false)]
    [InlineData("settle_delay: 320ms, close_after_cycle: true, ", true)]
    public async Task Pauses_that_a_gateway_is_told_to_make_are_part_of_its_bus_time(string pauses, bool isTooMuch)
    {
        await _run.WithDevicesAsync($$"""
            endpoints:
              10.0.0.20:502: { {{pauses}}retries: 0 }
            devices:
              - { name: "meter-{n}", repeat: 1..2, address: 10.0.0.20, unit: "{n}", profile: sdm630, points: [voltage_l1], interval: 1s }
            """);
        await _run.GoodAsync("devices", "apply", _folder.At("devices.yaml"), "--json");
        Assert.Equal(isTooMuch ? 1 : 0, _run.Json.GetProperty("bus_loads").GetArrayLength());
    }

    [Fact]
    public async Task A_folder_in_the_place_of_a_file_is_said_to_be_one()
    {
        Assert.Equal(64, await _run.RunAsync("devices", "apply", _folder.Path));
        Assert.Contains("is a folder; expected a device file", _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_list_and_remove_know_names_and_say_which_are_near()
    {
        await _run.WithDevicesAsync(Two);
        await _run.GoodAsync("devices", "list");
        Assert.Contains("north", _run.Output, StringComparison.Ordinal);
        Assert.Contains("2 devices", _run.Output, StringComparison.Ordinal);
        await _run.GoodAsync("devices", "show", "north", "--json");
        Assert.Equal("10.0.0.20:502", _run.Json.GetProperty("address").GetString());
        Assert.Equal(1, await _run.RunAsync("devices", "show", "nort"));
        Assert.Contains("near it are: north", _run.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _run.RunAsync("devices", "remove", "norht"));
        await _run.GoodAsync("devices", "remove", "north");
        Assert.Equal(["south"], await NamesAsync());
        Assert.Equal(1, await _run.RunAsync("devices", "remove", "north"));
    }

    [Fact]
    public async Task A_parent_is_not_removed_under_its_children()
    {
        await _run.WithDevicesAsync("""
            devices:
              - { name: hall, address: 10.0.0.20, groups: [] }
              - { name: meter, address: 10.0.0.20, unit: 2, parent: hall, profile: sdm120 }
            """);
        Assert.Equal(1, await _run.RunAsync("devices", "remove", "hall"));
        Assert.Contains("hall is the parent of meter", _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_reads_every_point_live_with_its_raw_registers()
    {
        await using var simulator = await ModbusSimulator.StartAsync(new() { Units = 2, Model = SimulatedModel.Blank, StrictMap = true }, TimeProvider.System);
        simulator.Gateways[0].SetRegisters(2, 4, 0, 0x4366, 0x8000, 0x0064, 0xFFFF);
        await _run.WithDevicesAsync($$"""
            devices:
              - name: meter
                address: "{{simulator.Endpoints[0]}}"
                unit: 2
                points:
                  - { name: volts, address: 0, unit: V }
                  - { name: power, address: 2, type: int16, scale_address: 3, unit: W }
                  - { name: nothing, address: 500, type: uint16 }
            """);
        Assert.Equal(1, await _run.RunAsync("devices", "test", "meter", "--json"));
        var points = _run.Json.GetProperty("points");
        Assert.Equal("4366 8000", points[0].GetProperty("raw").GetString());
        Assert.Equal(230.5, points[0].GetProperty("value").GetDouble());
        Assert.Equal(10, points[1].GetProperty("value").GetDouble());
        Assert.Contains("illegal data address", points[2].GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, points[2].GetProperty("value").ValueKind);
        Assert.Equal(2, _run.Json.GetProperty("groups")[0].GetProperty("good").GetInt32());
    }

    [Fact]
    public async Task A_test_of_a_device_that_is_not_there_ends_at_once_with_the_reason_in_words()
    {
        await _run.WithDevicesAsync("devices: [ { name: gone, address: \"127.0.0.1:1\", profile: sdm630 } ]");
        Assert.Equal(1, await _run.RunAsync("devices", "test", "gone"));
        Assert.Contains("the connection was refused", _run.Output, StringComparison.Ordinal);
        Assert.Contains("a server that polls this address may hold it", _run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_shows_every_meaning_of_a_register()
    {
        await using var simulator = await ModbusSimulator.StartAsync(new() { Model = SimulatedModel.Blank, StrictMap = true }, TimeProvider.System);
        simulator.Gateways[0].SetRegisters(1, 3, 10, 0x8000, 0x4366);
        var at = simulator.Endpoints[0].ToString();
        await _run.GoodAsync("devices", "probe", at, "--register", "0x000A", "--function", "3", "--json");
        Assert.Equal("8000 4366", _run.Json.GetProperty("raw").GetString());
        Assert.Contains(_run.Json.GetProperty("readings").EnumerateArray(), r =>
            r.GetProperty("type").GetString() == "float32" && r.GetProperty("order").GetString() == "CDAB" && r.GetProperty("value").GetDouble() is 230.5);
        Assert.Contains(_run.Json.GetProperty("readings").EnumerateArray(), r => r.GetProperty("type").GetString() == "sign_magnitude16");
        Assert.Equal(1, await _run.RunAsync("devices", "probe", at, "--register", "4000", "--function", "3"));
        Assert.Contains("exception 2, illegal data address", _run.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> ApplyAsync(string yaml, params string[] more) =>
        _run.GoodAsync(["devices", "apply", _folder.Write("devices.yaml", yaml), .. more]);

    private async Task<string[]> NamesAsync()
    {
        await _run.GoodAsync("devices", "list", "--json");
        return [.. _run.Json.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("name").GetString()!)];
    }
}
