using System.Net;
using Rondo.Drivers.Modbus;

namespace Rondo.Simulators.Modbus;

/// <summary>What a simulated unit is.</summary>
public enum SimulatedModel
{
    /// <summary>An Eastron SDM630: float32 ABCD input registers from 0x0000 to 0x0165, the same ones as holding registers.</summary>
    Sdm630,

    /// <summary>Nothing but what <see cref="SimulatedGateway.SetRegisters"/> or a write request has put there.</summary>
    Blank,
}

/// <summary>What a gateway does with a request for a unit it does not have.</summary>
public enum UnknownUnit
{
    /// <summary>Exception 11, gateway target failed to respond. The habit of most gateways.</summary>
    TargetFailed,

    /// <summary>Exception 10, gateway path unavailable.</summary>
    PathUnavailable,

    /// <summary>No answer.</summary>
    Silence,
}

/// <summary>Which Modbus gateways to simulate, and how they behave.</summary>
public sealed record ModbusSimulatorOptions
{
    /// <summary>How many gateways, each a TCP listener of its own. Default 1, range 1 to 30000. Each takes two descriptors: listener and connection.</summary>
    public int Gateways { get; init; } = 1;

    /// <summary>Units behind each gateway, numbered from 1. Default 1, range 1 to 247.</summary>
    public int Units { get; init; } = 1;

    /// <summary>Port of the first gateway; the next one has the next port. Default 0: every gateway takes a free port. Range 0 to 65535.</summary>
    public int BasePort { get; init; }

    /// <summary>Address to listen on: <c>127.0.0.1</c> (default) or <c>::1</c>. Nothing else: a simulator has no business on a network.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>What every unit is. Default <see cref="SimulatedModel.Sdm630"/>.</summary>
    public SimulatedModel Model { get; init; }

    /// <summary>Framing. Default <see cref="ModbusFraming.Tcp"/>.</summary>
    public ModbusFraming Framing { get; init; }

    /// <summary>Decides every value and every throw of a fault's dice. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>
    /// True: a read that touches an address nothing is known about gets exception 2, as from devices that refuse gaps.
    /// False (default): such addresses read as 0.
    /// </summary>
    public bool StrictMap { get; init; }

    /// <summary>Most registers in one read; more gets exception 3. Default 125 (the protocol's limit), range 1 to 125.</summary>
    public int MaxRegisters { get; init; } = 125;

    /// <summary>What a request for a unit beyond <see cref="Units"/> gets. Default <see cref="UnknownUnit.TargetFailed"/>.</summary>
    public UnknownUnit UnknownUnit { get; init; }

    /// <summary>How many of the newest requests each gateway remembers, see <see cref="SimulatedGateway.Arrivals"/>. Default 0: none. Range 0 to 1,000,000.</summary>
    public int ArrivalLog { get; init; }

    /// <summary>Faults from the start; they can be changed at any time. Default none.</summary>
    public IReadOnlyList<FaultSpec> Faults { get; init; } = [];

    /// <summary>Uses the runtime's asynchronous sockets even where epoll is available, so that tests cover both.</summary>
    internal bool PortableSockets { get; init; }

    /// <summary>Everything that is wrong with these options, as sentences for people; empty when they can be used.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Range("number of gateways", Gateways, 1, 30_000);
        Range("number of units per gateway", Units, 1, 247);
        Range("base port", BasePort, 0, 65_535);
        Range("limit of registers per read", MaxRegisters, 1, 125);
        Range("length of the arrival log", ArrivalLog, 0, 1_000_000);
        if (BasePort > 0 && BasePort + Gateways - 1 > 65_535)
        {
            problems.Add($"{Gateways} gateways from port {BasePort} would end at port {BasePort + Gateways - 1}, beyond 65535. Choose a lower base port, or 0 for free ports.");
        }

        if (!TryAddress(out _))
        {
            problems.Add($"A simulator listens on 127.0.0.1 or ::1 only, not on '{Address}': it answers anybody and can be told to misbehave.");
        }

        foreach (var fault in Faults)
        {
            if (fault.Problem(Framing) is { } problem)
            {
                problems.Add(problem);
            }
        }

        return problems;

        void Range(string what, int value, int from, int to)
        {
            if (value < from || value > to)
            {
                problems.Add($"The {what} is {value}; it must be {from} to {to}.");
            }
        }
    }

    internal bool TryAddress(out IPAddress address)
    {
        address = Address switch
        {
            "127.0.0.1" => IPAddress.Loopback,
            "::1" => IPAddress.IPv6Loopback,
            _ => IPAddress.None,
        };
        return !address.Equals(IPAddress.None);
    }
}
